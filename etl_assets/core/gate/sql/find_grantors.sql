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
