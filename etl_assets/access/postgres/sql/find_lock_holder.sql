-- Who holds the writers' advisory lock of this database, or is a lane without a leader. A bigint key shows as two halves
-- in pg_locks.
SELECT a.pid, a.application_name, a.xact_start AT TIME ZONE 'UTC',
       a.wait_event_type = 'Client' AND a.state_change < clock_timestamp() - make_interval(secs => %(silent)s),
       concat_ws('/', a.state_change, a.wait_event, c.bytes_processed)
FROM pg_catalog.pg_locks AS k
JOIN pg_catalog.pg_stat_activity AS a ON a.pid = k.pid
LEFT JOIN pg_catalog.pg_stat_progress_copy AS c ON c.pid = a.pid
WHERE k.locktype = 'advisory' AND k.granted
  AND k.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = current_database())
  AND (k.classid, k.objid) IN (((%(writer)s::bigint >> 32)::bigint::oid, (%(writer)s::bigint & 4294967295)::bigint::oid),
                               ((%(lane)s::bigint >> 32)::bigint::oid, (%(lane)s::bigint & 4294967295)::bigint::oid))
-- The leader of lanes before the lanes.
ORDER BY k.objid = (%(writer)s::bigint & 4294967295)::bigint::oid DESC, a.pid
LIMIT 1
