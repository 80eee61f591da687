-- Tables of which row level security shows this role a part only. We turn it off, and Postgres then refuses instead of
-- hiding; this says so beforehand.
SELECT count(*), (array_agg(c.oid::regclass::text ORDER BY c.oid::regclass::text))[1:6]
FROM unnest(%(tables)s::text[]) AS w (name)
JOIN pg_class AS c ON c.oid = to_regclass(w.name)
WHERE row_security_active(c.oid)
