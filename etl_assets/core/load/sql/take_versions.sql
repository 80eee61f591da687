-- Rows that a trigger of the app wrote to as they were loaded: their version is the one that it made.
UPDATE etl.loaded AS l SET xid = t.xmin
FROM {target} AS t
WHERE l."table" = {table} AND l.xid = pg_current_xact_id()::xid {of_users}
  AND t.{id} = l.new_id::{id_type} AND t.xmin <> l.xid
