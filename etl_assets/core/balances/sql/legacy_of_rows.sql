-- What was loaded of each user's rows, as it is staged now.
SELECT l.legacy_user_id, coalesce(sum(s.{amount}::numeric), 0) AS amount
FROM etl.loaded AS l LEFT JOIN {staging} AS s ON s._legacy_id = l.legacy_id
WHERE l."table" = {table} GROUP BY l.legacy_user_id
