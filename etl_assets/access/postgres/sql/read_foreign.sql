-- Foreign keys of target tables that are enforced (before PostgreSQL 18 all are). One that refers to a partitioned
-- table also has an entry for each of its partitions, which no row has to fulfil.
SELECT w.name,
       c.conname,
       ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY AS k (attnum, n)
             JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.attnum ORDER BY k.n),
       s.nspname, r.relname,
       ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY AS k (attnum, n)
             JOIN pg_attribute AS a ON a.attrelid = c.confrelid AND a.attnum = k.attnum ORDER BY k.n)
FROM unnest(%(tables)s::text[]) AS w (name)
JOIN pg_constraint AS c ON c.conrelid = to_regclass(w.name)
JOIN pg_class AS r ON r.oid = c.confrelid
JOIN pg_namespace AS s ON s.oid = r.relnamespace
WHERE c.contype = 'f'
  AND to_jsonb(c) ->> 'conenforced' IS DISTINCT FROM 'false'
  AND NOT EXISTS (SELECT FROM pg_constraint AS p WHERE p.oid = c.conparentid AND p.conrelid = c.conrelid)
ORDER BY c.conname
