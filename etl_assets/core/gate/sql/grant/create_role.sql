-- A login role that sees every row, and has no privilege of the roles that it may take on. Since PostgreSQL 16 whoever
-- bypasses row level security may make another who does (https://www.postgresql.org/docs/current/sql-createrole.html).
DO $$BEGIN
    IF to_regrole(quote_ident({word})) IS NOT NULL THEN
        RETURN;
    END IF;
    IF current_setting('server_version_num')::int < 160000
       AND NOT (SELECT r.rolsuper FROM pg_roles AS r WHERE r.rolname = current_user) THEN
        RAISE EXCEPTION 'before PostgreSQL 16 only a superuser can make a role that bypasses row level security'
            USING HINT = 'Run this script as a superuser, or let etl-assets connect as the role that you are.';
    END IF;
    CREATE ROLE {role} LOGIN NOINHERIT BYPASSRLS;
END$$
