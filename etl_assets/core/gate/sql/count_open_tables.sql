-- Tables without row level security.
SELECT count(*), (array_agg(c.oid::regclass::text ORDER BY c.oid::regclass::text))[1:6]
FROM unnest(%(tables)s::text[]) AS w (name)
JOIN pg_class AS c ON c.oid = to_regclass(w.name)
WHERE NOT c.relrowsecurity
