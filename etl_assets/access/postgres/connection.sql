-- name: take_lock :first (canary, canary_utf8, lane, name, writer)
-- The writers' advisory locks, if they are free; whoever waits for them reads this transaction's name in
-- pg_stat_activity.
SELECT pg_try_advisory_xact_lock(%(writer)s) AND pg_try_advisory_xact_lock(%(lane)s),
       set_config('application_name', %(name)s, true),
       convert_to(%(canary)s, 'UTF8') = %(canary_utf8)s, %(canary)s

-- name: take_lock_for_lanes :first (canary, canary_utf8, lane, name, writer)
-- The writers' advisory lock for a turn that has lanes, if no lane of an earlier turn is left. First the lock and then
-- the look: a lane does it the other way round, so one of the two sees the other.
SELECT CASE WHEN pg_try_advisory_xact_lock(%(writer)s) THEN NOT EXISTS (
           SELECT FROM pg_catalog.pg_locks AS k
           WHERE k.locktype = 'advisory' AND k.granted
             AND k.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = current_database())
             AND k.classid = (%(lane)s::bigint >> 32)::bigint::oid
             AND k.objid = (%(lane)s::bigint & 4294967295)::bigint::oid) END,
       set_config('application_name', %(name)s, true),
       convert_to(%(canary)s, 'UTF8') = %(canary_utf8)s, %(canary)s

-- name: move_epoch :exec (run)
-- The writer's turn: fails with 40001 when another writer committed after this transaction's view was taken.
UPDATE etl.writer SET epoch = epoch + 1, run = %(run)s, at = clock_timestamp()

-- name: move_lanes :exec
-- The turn of a writer without lanes: fails with 40001 when a lane committed after this transaction's view was taken.
UPDATE etl.lanes SET epoch = epoch + 1

-- name: find_lock_holder :first (lane, silent, writer)
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

-- name: analyze :exec {table}
-- A fresh table has no statistics, and the next joins depend on them.
ANALYZE {table}

-- name: find_data_folder :first
-- Where the server keeps its data; only some roles are shown that.
SELECT s.setting FROM pg_catalog.pg_settings AS s WHERE s.name = 'data_directory'
