-- A money column's sums, user by user: whose differ, for whom that is explained, the totals, and a sample.
count(*) FILTER (WHERE u.{before} <> u.{after} AND NOT u.is_explained),
count(*) FILTER (WHERE u.{before} <> u.{after} AND u.is_explained),
coalesce(sum(u.{before}), 0), coalesce(sum(u.{after}), 0),
(array_agg(u.{first}) FILTER (WHERE u.{before} <> u.{after} AND NOT u.is_explained))[1:6]
