-- Rows to be removed to which a row refers that stays: one of the new app's own, or one of another user.
SELECT DISTINCT u.legacy_id
FROM pg_temp.etl_undo AS u
JOIN {target} AS t ON t.{id} = u.new_id::{id_type}
JOIN {child} AS c ON {same}
WHERE u."table" = {table} AND u.how = 'remove' AND {stays}
ORDER BY u.legacy_id
