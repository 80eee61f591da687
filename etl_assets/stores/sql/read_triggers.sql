-- Triggers of the app, those of partitions included, and whether an INSERT, an UPDATE, a DELETE would fire them.
SELECT t.tgname, bool_or((t.tgtype & 4) <> 0), bool_or((t.tgtype & 16) <> 0), bool_or((t.tgtype & 8) <> 0)
FROM pg_trigger AS t
WHERE (t.tgrelid = %(table)s::regclass
       OR t.tgrelid IN (SELECT p.relid FROM pg_partition_tree(%(table)s::regclass) AS p))
  AND NOT t.tgisinternal AND t.tgenabled <> 'D'
GROUP BY t.tgname ORDER BY t.tgname
