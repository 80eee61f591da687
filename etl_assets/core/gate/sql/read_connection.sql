-- How this session is connected, and what its role's own time limit would be.
SELECT coalesce((SELECT t.version FROM pg_stat_ssl AS t WHERE t.pid = pg_backend_pid() AND t.ssl), 'none'),
       (SELECT s.reset_val || coalesce(s.unit, '') FROM pg_settings AS s WHERE s.name = 'statement_timeout'),
       current_user::text
