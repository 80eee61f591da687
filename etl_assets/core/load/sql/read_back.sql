-- What this transaction loaded for these users, read back at its end: rows that are not there as the ledger has them.
SELECT count(*), (array_agg(l.legacy_id ORDER BY l.legacy_id))[1:6]
FROM etl.loaded AS l
LEFT JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
WHERE l."table" = {table} AND l.xid = pg_current_xact_id()::xid {of_users}
  AND {differs}
