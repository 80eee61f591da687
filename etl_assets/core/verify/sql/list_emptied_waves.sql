-- What each wave loaded into a table, and how much of it is there; without rows whose account is gone.
SELECT l.wave, count(*), count(t.{id})
FROM etl.loaded AS l
LEFT JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
LEFT JOIN etl.legacy_user_map AS m ON m.legacy_user_id = l.legacy_user_id
WHERE l."table" = {table}
  AND (m.supabase_user_id IS NULL OR EXISTS (SELECT FROM {profiles} AS p WHERE p.id = m.supabase_user_id))
GROUP BY l.wave
