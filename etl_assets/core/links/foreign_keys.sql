-- name: count_unprovable :one (filled, known, table)
-- What only triggers can check or do: deferrable unique rules; foreign keys that compare NULLs or periods, that the parent
-- of other tables has to fulfil alone, that were not there when the links were read, that only a partition has, or whose
-- value may come from elsewhere than the load; and triggers of the app, which would be silent.
WITH relations AS (
    SELECT %(table)s::regclass AS id UNION SELECT p.relid FROM pg_partition_tree(%(table)s::regclass) AS p),
unprovable AS (
    SELECT c.conname AS name
    FROM pg_constraint AS c
    JOIN relations AS r ON r.id = c.conrelid
    WHERE c.contype IN ('p', 'u', 'x') AND c.condeferrable
       OR c.contype = 'f' AND (
           c.confmatchtype = 'f' AND cardinality(c.conkey) > 1
           OR pg_get_constraintdef(c.oid) LIKE '%%PERIOD %%'
           OR c.conparentid = 0 AND (c.conrelid <> %(table)s::regclass OR c.conname <> ALL (%(known)s))
           OR EXISTS (SELECT FROM pg_inherits AS i
                      JOIN pg_class AS p ON p.oid = i.inhparent AND p.relkind = 'r'
                      WHERE i.inhparent = c.confrelid)
           OR EXISTS (SELECT FROM pg_attribute AS a
                      JOIN pg_type AS y ON y.oid = a.atttypid
                      WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) AND a.attname <> ALL (%(filled)s)
                        AND (a.atthasdef OR a.attidentity <> '' OR y.typtype = 'd')))
    UNION ALL
    SELECT t.tgname FROM pg_trigger AS t JOIN relations AS r ON r.id = t.tgrelid
    WHERE NOT t.tgisinternal AND t.tgenabled <> 'D')
SELECT count(*), (array_agg(u.name::text ORDER BY u.name))[1:6] FROM unprovable AS u

-- name: is_orphan :fragment {filled, held, here, there}
-- Has a row of the batch a foreign key, and no parent among those that are held?
({filled} AND ({here}) NOT IN (SELECT {there} FROM {held} AS t))

-- name: hold_parents :fragment {held, here, parent, there}
-- The parents of a batch under one foreign key, held until the transaction ends.
{held} AS MATERIALIZED (
    SELECT {there} FROM {parent} AS t WHERE ({there}) IN (SELECT {here} FROM batch AS b) FOR KEY SHARE),
