-- Rows in question that are not in production any more.
SELECT u.legacy_id
FROM pg_temp.etl_undo AS u
WHERE u."table" = {table} AND u.how = 'remove'
  AND NOT EXISTS (SELECT FROM {target} AS t WHERE t.{id} = u.new_id::{id_type})
ORDER BY u.legacy_id
