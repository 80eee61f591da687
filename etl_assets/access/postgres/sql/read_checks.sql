-- CHECK constraints that are enforced (before PostgreSQL 18 all are) in Postgres' own rendering, with the columns that
-- they read.
SELECT w.name,
       c.conname,
       pg_get_expr(c.conbin, c.conrelid),
       ARRAY(SELECT a.attname::text FROM pg_attribute AS a
             WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) ORDER BY a.attnum)
FROM unnest(%(tables)s::text[]) AS w (name)
JOIN pg_constraint AS c ON c.conrelid = to_regclass(w.name)
WHERE c.contype = 'c'
  AND to_jsonb(c) ->> 'conenforced' IS DISTINCT FROM 'false'
ORDER BY c.conname
