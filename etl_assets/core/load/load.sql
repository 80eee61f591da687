-- name: can_collide :one (ids, tables)
-- Can two rows of a table be in each other's way: is there a unique or exclusion rule that the id alone does not fulfil?
SELECT EXISTS (
    SELECT FROM unnest(%(tables)s::text[], %(ids)s::text[]) AS n (name, id)
    JOIN pg_index AS i ON i.indrelid = n.name::regclass
         OR i.indrelid IN (SELECT p.relid FROM pg_partition_tree(n.name::regclass) AS p)
    WHERE (i.indisunique OR i.indisexclusion)
      AND NOT (i.indisunique AND EXISTS (
              SELECT FROM pg_attribute AS a
              WHERE a.attrelid = i.indrelid AND a.attname = n.id
                AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))))
