-- Everything that decides whether a table takes a row: constraints, indexes, triggers, policies of columns, partitions.
SELECT w.name, md5(coalesce(string_agg(f.rule, E'\n' ORDER BY f.rule), ''))
FROM unnest(%(tables)s::text[]) AS w (name)
CROSS JOIN LATERAL (SELECT to_regclass(w.name)::oid AS id
                    UNION SELECT p.relid FROM pg_partition_tree(to_regclass(w.name)) AS p) AS t
CROSS JOIN LATERAL (
    SELECT 'c ' || pg_get_constraintdef(c.oid) FROM pg_constraint AS c WHERE c.conrelid = t.id
    UNION ALL SELECT 'i ' || pg_get_indexdef(i.indexrelid) FROM pg_index AS i WHERE i.indrelid = t.id
    UNION ALL SELECT 't ' || g.tgenabled::text || pg_get_triggerdef(g.oid) FROM pg_trigger AS g
              WHERE g.tgrelid = t.id AND NOT g.tgisinternal
    UNION ALL SELECT 'p ' || coalesce(pg_get_expr(r.relpartbound, r.oid), '') FROM pg_class AS r WHERE r.oid = t.id
    UNION ALL SELECT 'a ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull
              FROM pg_attribute AS a WHERE a.attrelid = t.id AND a.attnum > 0 AND NOT a.attisdropped) AS f (rule)
GROUP BY w.name
