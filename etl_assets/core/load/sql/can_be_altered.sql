-- Does anything of the app run when rows of these tables or of their partitions are written: a trigger or a rule?
WITH relations AS (
    SELECT n.name::regclass AS id FROM unnest(%(tables)s::text[]) AS n (name)
    UNION
    SELECT p.relid FROM unnest(%(tables)s::text[]) AS n (name), pg_partition_tree(n.name::regclass) AS p)
SELECT EXISTS (SELECT FROM pg_trigger AS t JOIN relations AS r ON r.id = t.tgrelid
               WHERE NOT t.tgisinternal AND t.tgenabled <> 'D')
       OR EXISTS (SELECT FROM pg_rewrite AS w JOIN relations AS r ON r.id = w.ev_class WHERE w.ev_type <> '1')
