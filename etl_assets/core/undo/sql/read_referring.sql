-- Foreign keys that refer to a table, or to a partition of it: the referring table, its columns, and the columns referred to.
SELECT s.nspname, r.relname,
       ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY AS k (attnum, n)
             JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.attnum ORDER BY k.n),
       ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY AS k (attnum, n)
             JOIN pg_attribute AS a ON a.attrelid = c.confrelid AND a.attnum = k.attnum ORDER BY k.n)
FROM pg_constraint AS c
JOIN pg_class AS r ON r.oid = c.conrelid
JOIN pg_namespace AS s ON s.oid = r.relnamespace
WHERE (c.confrelid = %(table)s::regclass
       OR c.confrelid IN (SELECT p.relid FROM pg_partition_tree(%(table)s::regclass) AS p))
  AND c.contype = 'f' AND c.conparentid = 0
ORDER BY c.conname
