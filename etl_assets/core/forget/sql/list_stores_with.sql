-- The tables of schema etl that have all of these columns: whatever keeps something by row, or by user.
SELECT c.relname
FROM pg_class AS c
WHERE c.relnamespace = 'etl'::regnamespace AND c.relkind = 'r' AND left(c.relname, 4) <> 'stg_'
  AND (SELECT count(*) FROM pg_attribute AS a
       WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attname = ANY (%(columns)s)) = cardinality(%(columns)s)
ORDER BY c.relname
