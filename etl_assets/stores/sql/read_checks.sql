-- CHECK constraints that are enforced (before PostgreSQL 18 all are) in Postgres' own rendering, with the columns that
-- they read.
SELECT c.conname,
       pg_get_expr(c.conbin, c.conrelid),
       ARRAY(SELECT a.attname::text FROM pg_attribute AS a
             WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) ORDER BY a.attnum)
FROM pg_constraint AS c
WHERE c.conrelid = %(table)s::regclass AND c.contype = 'c'
  AND to_jsonb(c) ->> 'conenforced' IS DISTINCT FROM 'false'
ORDER BY c.conname
