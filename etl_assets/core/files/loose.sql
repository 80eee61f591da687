-- name: begin_objects :exec (columns, entries, keys, legacy_ids, run, tables, values)
-- Objects that are about to be sent, or that another one takes the place of.
INSERT INTO etl.loose_files AS o (entry, key, "table", "column", legacy_id, value, run)
SELECT n.entry, n.key, n."table", n."column", n.legacy_id, n.value, %(run)s
FROM unnest(%(entries)s::text[], %(keys)s::text[], %(tables)s::text[], %(columns)s::text[], %(legacy_ids)s::text[],
            %(values)s::text[]) AS n (entry, key, "table", "column", legacy_id, value)
ON CONFLICT (entry, key) DO UPDATE SET run = EXCLUDED.run, value = EXCLUDED.value, at = clock_timestamp()

-- name: settle_objects :one (entries, keys)
-- Objects that a line names from here on; how many of them were known.
WITH settled AS (
    DELETE FROM etl.loose_files AS o
    USING unnest(%(entries)s::text[], %(keys)s::text[]) AS n (entry, key)
    WHERE o.entry = n.entry AND o.key = n.key
    RETURNING 1)
SELECT count(*) FROM settled

-- name: list_runs :many
-- Whose work they are.
SELECT DISTINCT o.run FROM etl.loose_files AS o

-- name: list_loose :many (most, runs) {column, column_name, id, id_type, table, target}
-- Objects of one column that neither a line, nor a row of production, nor what an undo would bring back names; not those
-- of runs that are at work.
SELECT o.entry, o.key
FROM etl.loose_files AS o
WHERE o."table" = {table} AND o."column" = {column_name} AND o.run <> ALL (%(runs)s)
  AND NOT EXISTS (SELECT FROM etl.files AS f
                  WHERE f."table" = o."table" AND f.legacy_id = o.legacy_id AND f."column" = o."column" AND f.key = o.key)
  AND NOT EXISTS (SELECT FROM etl.loaded AS l JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
                  WHERE l."table" = o."table" AND l.legacy_id = o.legacy_id AND t.{column} = o.value)
  AND NOT EXISTS (SELECT FROM etl.former AS e
                  WHERE e."table" = o."table" AND e.legacy_id = o.legacy_id AND e.content ->> {column_name} = o.value)
LIMIT %(most)s
