-- Does that transaction hold the writers' lock? A bigint key shows as two halves in pg_locks.
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_locks AS k
    WHERE k.locktype = 'advisory' AND k.granted AND k.virtualtransaction = %(turn)s
      AND k.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = current_database())
      AND k.classid = (%(writer)s::bigint >> 32)::bigint::oid
      AND k.objid = (%(writer)s::bigint & 4294967295)::bigint::oid)
