-- What each user's loaded transactions came to when they were loaded: a row that nobody else wrote to, or that is not in
-- the legacy app any more, as it is in production; any other as it is staged.
SELECT m.legacy_user_id,
       sum(CASE WHEN t.xmin = l.xid OR s._legacy_id IS NULL THEN t.{amount}::numeric ELSE s.{amount}::numeric END) AS arrived
FROM etl.legacy_user_map AS m
JOIN etl.loaded AS l ON l.legacy_user_id = m.legacy_user_id AND l."table" = {table}
LEFT JOIN {staging} AS s ON s._legacy_id = l.legacy_id
LEFT JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
WHERE {of_users} GROUP BY m.legacy_user_id
