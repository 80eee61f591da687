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
