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
