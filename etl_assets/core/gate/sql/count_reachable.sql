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
