-- Triggers of the app, those of partitions included, and whether an INSERT, an UPDATE, a DELETE would fire them.
SELECT w.name, t.tgname,
       bool_or((t.tgtype & 4) <> 0), bool_or((t.tgtype & 16) <> 0), bool_or((t.tgtype & 8) <> 0)
FROM unnest(%(tables)s::text[]) AS w (name)
CROSS JOIN LATERAL (SELECT to_regclass(w.name)::oid
                    UNION SELECT p.relid FROM pg_partition_tree(to_regclass(w.name)) AS p) AS r (oid)
JOIN pg_trigger AS t ON t.tgrelid = r.oid
WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
GROUP BY w.name, t.tgname ORDER BY t.tgname
