-- Constraints that only their triggers can check: deferrable unique rules, foreign keys that compare NULLs or periods, and
-- those whose value comes from elsewhere than the load.
SELECT count(*), (array_agg(c.conname::text ORDER BY c.conname))[1:6]
FROM pg_constraint AS c
WHERE c.conrelid IN (SELECT %(table)s::regclass UNION SELECT p.relid FROM pg_partition_tree(%(table)s::regclass) AS p)
  AND (c.contype IN ('p', 'u', 'x') AND c.condeferrable
       OR c.contype = 'f' AND (
           c.confmatchtype = 'f' AND cardinality(c.conkey) > 1
           OR pg_get_constraintdef(c.oid) LIKE '%%PERIOD %%'
           OR EXISTS (SELECT FROM pg_attribute AS a
                      WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
                        AND a.atthasdef AND a.attname <> ALL (%(filled)s))))
