-- Tables whose every new row Supabase's Realtime sends to whoever listens.
SELECT count(*), (array_agg(p."table" ORDER BY p."table"))[1:6]
FROM (
    SELECT DISTINCT c.oid::regclass::text AS "table"
    FROM unnest(%(tables)s::text[]) AS w (name)
    JOIN pg_class AS c ON c.oid = to_regclass(w.name)
    JOIN pg_namespace AS s ON s.oid = c.relnamespace
    JOIN pg_publication_tables AS t ON t.schemaname = s.nspname AND t.tablename = c.relname
    WHERE t.pubname = 'supabase_realtime') AS p
