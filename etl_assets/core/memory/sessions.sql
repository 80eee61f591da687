-- name: list_blocked :many
-- Sessions of ours in this database that wait for a session which is none of ours.
SELECT w.application_name, b.pid, coalesce(nullif(b.application_name, ''), b.backend_type), w.state_change AT TIME ZONE 'UTC'
FROM pg_catalog.pg_stat_activity AS w
CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) AS f (pid)
JOIN pg_catalog.pg_stat_activity AS b ON b.pid = f.pid
WHERE w.datname = current_database() AND w.application_name LIKE 'etl-assets%%' AND b.application_name NOT LIKE 'etl-assets%%'
ORDER BY w.state_change

-- name: end_session :one (name, patience, pid)
-- Ends a session and those of the same process and run, and waits until they are gone.
SELECT bool_and(pg_terminate_backend(a.pid, %(patience)s))
FROM pg_catalog.pg_stat_activity AS a
WHERE a.pid = %(pid)s
   OR a.datname = current_database() AND a.application_name = %(name)s AND a.application_name LIKE 'etl-assets %%'

-- name: be_impatient :one (patience)
-- How long this transaction waits for a lock.
SELECT set_config('lock_timeout', %(patience)s, true)
