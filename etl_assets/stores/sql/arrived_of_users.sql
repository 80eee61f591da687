-- What each user's loaded transactions came to in the legacy app; what has vanished there since counts as it arrived.
SELECT m.legacy_user_id,
       sum(CASE WHEN s._legacy_id IS NULL THEN t.{amount}::numeric ELSE s.{amount}::numeric END) AS arrived
FROM etl.legacy_user_map AS m
JOIN etl.loaded AS l ON l.legacy_user_id = m.legacy_user_id AND l."table" = {table}
LEFT JOIN {staging} AS s ON s._legacy_id = l.legacy_id
LEFT JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
WHERE {of_users} GROUP BY m.legacy_user_id
