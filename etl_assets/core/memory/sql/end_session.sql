-- Ends a session and those of the same process and run, and waits until they are gone.
SELECT bool_and(pg_terminate_backend(a.pid, %(patience)s))
FROM pg_catalog.pg_stat_activity AS a
WHERE a.pid = %(pid)s
   OR a.datname = current_database() AND a.application_name = %(name)s AND a.application_name LIKE 'etl-assets %%'
