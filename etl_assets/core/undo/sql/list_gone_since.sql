-- Rows in question that are not in production any more, although the account is.
SELECT u.legacy_id
FROM pg_temp.etl_undo AS u
JOIN etl.loaded AS l ON l."table" = u."table" AND l.legacy_id = u.legacy_id
LEFT JOIN etl.legacy_user_map AS m ON m.legacy_user_id = l.legacy_user_id
WHERE u."table" = {table} AND u.how = 'remove'
  AND (m.supabase_user_id IS NULL OR EXISTS (SELECT FROM {profiles} AS p WHERE p.id = m.supabase_user_id))
  AND NOT EXISTS (SELECT FROM {target} AS t WHERE t.{id} = u.new_id::{id_type})
ORDER BY u.legacy_id
