-- Who holds the writers' advisory lock. A bigint key shows as two halves in pg_locks.
SELECT a.pid, a.xact_start
FROM pg_catalog.pg_locks AS k
JOIN pg_catalog.pg_stat_activity AS a ON a.pid = k.pid
WHERE k.locktype = 'advisory' AND k.granted
  AND k.classid = (%(key)s::bigint >> 32)::bigint::oid
  AND k.objid = (%(key)s::bigint & 4294967295)::bigint::oid
