-- What rows that are in use hold, before they go.
INSERT INTO etl.taken_out ("table", legacy_id, legacy_user_id, new_id, run, content)
SELECT {table}, u.legacy_id, l.legacy_user_id, u.new_id, %(run)s, to_jsonb(t)
FROM pg_temp.etl_undo AS u
JOIN etl.loaded AS l ON l."table" = u."table" AND l.legacy_id = u.legacy_id
JOIN {target} AS t ON t.{id} = u.new_id::{id_type}
WHERE u."table" = {table} AND u.how = 'remove' AND ({found} <> l.digest OR t.xmin <> l.xid)
