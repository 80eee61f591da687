-- The mark of this session's transaction.
SELECT k.virtualtransaction FROM pg_catalog.pg_locks AS k WHERE k.locktype = 'virtualxid' AND k.pid = pg_backend_pid()
