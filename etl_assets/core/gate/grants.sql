-- name: create_role :fragment {role, word}
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

-- name: lend_role :fragment {role}
-- Whoever makes a schema for a role has to be able to take the role on.
GRANT {role} TO CURRENT_USER

-- name: create_schema :fragment {role}
-- Its own schema.
CREATE SCHEMA IF NOT EXISTS etl AUTHORIZATION {role}

-- name: return_role :fragment {role}
-- The reverse of `lend_role`.
REVOKE {role} FROM CURRENT_USER

-- name: sequence :fragment {role, sequence}
-- A sequence that may be raised.
GRANT USAGE, SELECT, UPDATE ON SEQUENCE {sequence} TO {role}

-- name: replication_role :fragment {role}
-- May load without triggers; only a superuser can grant it.
GRANT SET ON PARAMETER session_replication_role TO {role}

-- name: find_role :first (role)
-- A role, if it is there.
SELECT 1 FROM pg_roles WHERE rolname = %(role)s

-- name: may_lend :one (role)
-- Whether the current role may make another a member of a role: before PostgreSQL 16 every CREATEROLE could.
SELECT pg_has_role(%(role)s, 'MEMBER WITH ADMIN OPTION')
       OR (SELECT r.rolsuper OR r.rolcreaterole AND current_setting('server_version_num')::int < 160000
           FROM pg_roles AS r WHERE r.rolname = current_user)

-- name: become_user :fragment {role}
-- It may look through the eyes of a user.
GRANT authenticated TO {role}

-- name: find_grantors :one (privileges, table)
-- Who owns a table and its schema, and whether the current role could pass on what is asked for: of the table, of the
-- schema.
SELECT pg_get_userbyid(c.relowner),
       pg_has_role(c.relowner, 'USAGE')
       OR (SELECT bool_and(has_table_privilege(c.oid, p.privilege || ' WITH GRANT OPTION'))
           FROM unnest(%(privileges)s::text[]) AS p (privilege)),
       pg_get_userbyid(n.nspowner),
       pg_has_role(n.nspowner, 'USAGE') OR has_schema_privilege(n.oid, 'USAGE WITH GRANT OPTION')
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass(%(table)s)

-- name: use_schema :fragment {role, schema}
-- Names in a schema can be looked up.
GRANT USAGE ON SCHEMA {schema} TO {role}

-- name: make_functions :fragment {role, schema}
-- A function may be made in a schema, which only who has CREATE there may.
GRANT CREATE ON SCHEMA {schema} TO {role}

-- name: find_closed_uid :first
-- Supabase lets everybody call it.
SELECT true FROM pg_proc AS p
WHERE p.oid = to_regprocedure('auth.uid()') AND NOT has_function_privilege('public', p.oid, 'EXECUTE')

-- name: ask_who :fragment {role}
-- It may be called.
GRANT EXECUTE ON FUNCTION auth.uid() TO {role}

-- name: table :fragment {privileges, role, table}
-- Privileges on one table.
GRANT {privileges} ON {table} TO {role}

-- name: read_our_tables :fragment {role}
-- All that is there.
GRANT SELECT ON ALL TABLES IN SCHEMA etl TO {role}

-- name: read_our_later_tables :fragment {role}
-- Staging tables are made anew again and again, so whoever makes them says it beforehand.
ALTER DEFAULT PRIVILEGES IN SCHEMA etl GRANT SELECT ON TABLES TO {role}

-- name: append_to_audit :fragment {role}
-- And nothing else is written.
GRANT INSERT ON etl.audit_log TO {role}
