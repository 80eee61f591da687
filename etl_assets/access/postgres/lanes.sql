-- name: take_lane_lock :first (canary, canary_utf8, lane, name)
-- A lane's lock, if no other writer has it.
SELECT pg_try_advisory_xact_lock_shared(%(lane)s), set_config('application_name', %(name)s, true),
       convert_to(%(canary)s, 'UTF8') = %(canary_utf8)s, %(canary)s

-- name: is_still_its_turn :one (turn, writer)
-- Does that transaction hold the writers' lock? A bigint key shows as two halves in pg_locks.
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_locks AS k
    WHERE k.locktype = 'advisory' AND k.granted AND k.virtualtransaction = %(turn)s
      AND k.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = current_database())
      AND k.classid = (%(writer)s::bigint >> 32)::bigint::oid
      AND k.objid = (%(writer)s::bigint & 4294967295)::bigint::oid)

-- name: move_lane :exec (lane)
-- A lane's own epoch, which every writer without lanes moves too.
UPDATE etl.lanes SET epoch = epoch + 1 WHERE lane = %(lane)s

-- name: find_turn :one
-- The mark of this session's transaction.
SELECT k.virtualtransaction FROM pg_catalog.pg_locks AS k WHERE k.locktype = 'virtualxid' AND k.pid = pg_backend_pid()

-- name: make_lanes :exec (count)
-- Lanes up to so many; those that are there keep their epochs.
INSERT INTO etl.lanes (lane) SELECT n.lane FROM generate_series(0, %(count)s::integer - 1) AS n (lane)
ON CONFLICT (lane) DO NOTHING
