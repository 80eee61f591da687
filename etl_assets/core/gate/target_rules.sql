-- name: count_unfit_server :one
-- What keeps this server from being a target at all. Supabase turns a project whose disk is full read-only.
SELECT count(*), array_agg(f.what)
FROM (VALUES
    ('older than PostgreSQL 15', current_setting('server_version_num')::int < 150000),
    ('its encoding is not UTF8', current_setting('server_encoding') <> 'UTF8'),
    ('a standby, which takes no writes', pg_is_in_recovery()),
    ('in read-only mode', (SELECT s.setting = 'on' OR s.reset_val = 'on' FROM pg_settings AS s
                           WHERE s.name = 'default_transaction_read_only'))) AS f (what, holds)
WHERE f.holds

-- name: count_missing_privileges :one (columns, privileges, schemas, tables)
-- What this role may not do and has to: of a whole table, or of one column where one is named. What is not there needs no
-- privilege.
SELECT count(*), (array_agg(m.what ORDER BY m.what))[1:6]
FROM (
    SELECT DISTINCT CASE WHEN has_schema_privilege(s.oid, 'USAGE')
                         THEN format('%%s on %%s.%%s', w.privilege, w."schema", w."table")
                         ELSE format('USAGE on schema %%s', w."schema") END AS what
    FROM unnest(%(schemas)s::text[], %(tables)s::text[], %(columns)s::text[], %(privileges)s::text[])
         AS w ("schema", "table", "column", privilege)
    JOIN pg_namespace AS s ON s.nspname = w."schema"
    JOIN pg_class AS c ON c.relnamespace = s.oid AND c.relname = w."table"
    LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = w."column" AND NOT a.attisdropped
    WHERE (w."column" IS NULL OR a.attnum IS NOT NULL)
      AND (NOT has_schema_privilege(s.oid, 'USAGE')
           OR NOT CASE WHEN w."column" IS NULL THEN has_table_privilege(c.oid, w.privilege)
                       ELSE has_column_privilege(c.oid, a.attnum, w.privilege) END)
    UNION ALL
    SELECT 'CREATE on the database'
    WHERE to_regnamespace('etl') IS NULL AND NOT has_database_privilege(current_database(), 'CREATE')
    UNION ALL
    SELECT 'ownership of schema etl'
    FROM pg_namespace AS e WHERE e.nspname = 'etl' AND NOT pg_has_role(e.nspowner, 'USAGE')) AS m

-- name: count_hidden_tables :one (tables)
-- Tables of which row level security shows this role a part only. We turn it off, and Postgres then refuses instead of
-- hiding; this says so beforehand.
SELECT count(*), (array_agg(c.oid::regclass::text ORDER BY c.oid::regclass::text))[1:6]
FROM unnest(%(tables)s::text[]) AS w (name)
JOIN pg_class AS c ON c.oid = to_regclass(w.name)
WHERE row_security_active(c.oid)

-- name: count_exposed_tables :one (tables)
-- Tables that everybody with the app's public key can read or write whole: row level security is off, and a role of the
-- Data API has a privilege.
SELECT count(*), (array_agg(c.oid::regclass::text ORDER BY c.oid::regclass::text))[1:6]
FROM unnest(%(tables)s::text[]) AS w (name)
JOIN pg_class AS c ON c.oid = to_regclass(w.name)
WHERE NOT c.relrowsecurity
  AND EXISTS (
      SELECT FROM pg_roles AS r
      WHERE r.rolname IN ('anon', 'authenticated')
        AND has_schema_privilege(r.oid, c.relnamespace, 'USAGE')
        AND (has_any_column_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE') OR has_table_privilege(r.oid, c.oid, 'DELETE')))

-- name: count_open_tables :one (tables)
-- Tables without row level security.
SELECT count(*), (array_agg(c.oid::regclass::text ORDER BY c.oid::regclass::text))[1:6]
FROM unnest(%(tables)s::text[]) AS w (name)
JOIN pg_class AS c ON c.oid = to_regclass(w.name)
WHERE NOT c.relrowsecurity

-- name: count_reachable :one
-- Roles of the Data API that can enter schema etl, or have a privilege on anything in it: it holds every address.
SELECT count(*), (array_agg(f.what ORDER BY f.what))[1:6]
FROM (
    SELECT format('%%s has USAGE on schema etl', r.rolname) AS what
    FROM pg_roles AS r
    JOIN pg_namespace AS s ON s.nspname = 'etl'
    WHERE r.rolname IN ('anon', 'authenticated') AND has_schema_privilege(r.oid, s.oid, 'USAGE, CREATE')
    UNION ALL
    SELECT format('%%s has privileges on etl.%%s', r.rolname, c.relname)
    FROM pg_roles AS r
    JOIN pg_namespace AS s ON s.nspname = 'etl'
    JOIN pg_class AS c ON c.relnamespace = s.oid AND c.relkind IN ('r', 'p', 'v', 'm')
    WHERE r.rolname IN ('anon', 'authenticated')
      AND (has_any_column_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE') OR has_table_privilege(r.oid, c.oid, 'DELETE'))
) AS f

-- name: count_published_tables :one (tables)
-- Tables whose every new row Supabase's Realtime sends to whoever listens.
SELECT count(*), (array_agg(p."table" ORDER BY p."table"))[1:6]
FROM (
    SELECT DISTINCT c.oid::regclass::text AS "table"
    FROM unnest(%(tables)s::text[]) AS w (name)
    JOIN pg_class AS c ON c.oid = to_regclass(w.name)
    JOIN pg_namespace AS s ON s.oid = c.relnamespace
    JOIN pg_publication_tables AS t ON t.schemaname = s.nspname AND t.tablename = c.relname
    WHERE t.pubname = 'supabase_realtime') AS p

-- name: count_writable_addresses :one (profiles)
-- May a signed-in user write the address in a profile: a privilege on the column, and no row level security or a policy
-- that lets her?
SELECT count(*), array_agg(f.what)
FROM (
    SELECT lower(w.privilege) AS what
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'email' AND NOT a.attisdropped
    CROSS JOIN (VALUES ('UPDATE', 'w'), ('INSERT', 'a')) AS w (privilege, command)
    JOIN pg_roles AS r ON r.rolname = 'authenticated'
    WHERE c.oid = to_regclass(%(profiles)s) AND has_column_privilege(r.oid, c.oid, a.attnum, w.privilege)
      AND (NOT c.relrowsecurity
           OR EXISTS (SELECT FROM pg_policy AS p
                      WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('*', w.command::"char")
                        AND (0 = ANY (p.polroles) OR EXISTS (
                            SELECT FROM unnest(p.polroles) AS m (role) WHERE pg_has_role(r.oid, m.role, 'MEMBER')))))) AS f

-- name: count_unproven_addresses :one {accounts, trusting}
-- E-mail accounts that were confirmed as they were made, where no e-mail account was confirmed later: nobody had to open
-- a mail, so the address proves nothing. Accounts of another provider are confirmed by it, and do not count. The sample
-- is left out: it would name accounts.
SELECT CASE WHEN {trusting} OR EXISTS (SELECT FROM ({accounts}) AS a WHERE NOT a.is_at_once) THEN 0
            ELSE (SELECT count(*) FROM ({accounts}) AS a) END,
       NULL::text[]

-- name: count_addresses_confirmed_at_once :one {accounts, trusting}
-- E-mail accounts that were confirmed as they were made, whatever the others did.
SELECT CASE WHEN {trusting} THEN 0 ELSE (SELECT count(*) FROM ({accounts}) AS a WHERE a.is_at_once) END, NULL::text[]

-- name: read_connection :one
-- How this session is connected, and what its role's own time limit would be.
SELECT coalesce((SELECT t.version FROM pg_stat_ssl AS t WHERE t.pid = pg_backend_pid() AND t.ssl), 'none'),
       (SELECT s.reset_val || coalesce(s.unit, '') FROM pg_settings AS s WHERE s.name = 'statement_timeout'),
       current_user::text
