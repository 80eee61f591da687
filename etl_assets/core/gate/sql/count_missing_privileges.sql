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
