-- Rows in question that are not what was written, or that somebody else has written to since, in whichever column: a
-- row version carries the transaction that made it (PostgreSQL docs, "System Columns"). Somebody works with them.
SELECT u.legacy_id
FROM pg_temp.etl_undo AS u
JOIN etl.loaded AS l ON l."table" = u."table" AND l.legacy_id = u.legacy_id
JOIN {target} AS t ON t.{id} = u.new_id::{id_type}
WHERE u."table" = {table} AND ({found} <> l.digest OR t.xmin <> l.xid) AND (u.how = 'restore' OR NOT %(in_use)s)
ORDER BY u.legacy_id
