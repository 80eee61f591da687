-- One balance over all users whose history has arrived: totals, what is wrong or to be known, and some users of each.
WITH users AS MATERIALIZED ({users}),
listed AS (SELECT u.* FROM users AS u WHERE {listed})
SELECT count(*), coalesce(sum(legacy), 0)::text, coalesce(sum(applied), 0)::text,
       coalesce(sum(bonus), 0)::text, coalesce(sum(now), 0)::text,
       count(*) FILTER (WHERE is_unapplied),
       (array_agg(legacy_user_id ORDER BY legacy_user_id) FILTER (WHERE is_unapplied))[1:6],
       count(*) FILTER (WHERE is_changed),
       (array_agg(legacy_user_id ORDER BY legacy_user_id) FILTER (WHERE is_changed))[1:6],
       count(*) FILTER (WHERE is_used),
       count(*) FILTER (WHERE difference <> 0),
       (array_agg(legacy_user_id ORDER BY legacy_user_id) FILTER (WHERE difference <> 0))[1:6],
       count(*) FILTER (WHERE hindrance <> 'no_balance'),
       (array_agg(DISTINCT hindrance) FILTER (WHERE hindrance <> 'no_balance')),
       coalesce(sum(arrived), 0)::text, coalesce(sum(own), 0)::text, coalesce(sum(difference), 0)::text,
       (SELECT count(*) FROM listed),
       (SELECT jsonb_agg(jsonb_build_array({cells}))
        FROM (SELECT * FROM listed ORDER BY legacy_user_id LIMIT {shown}) AS u)
FROM users
