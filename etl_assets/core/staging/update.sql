-- name: find_former_staging :first (spec_digest, staging, table, target_digest)
-- What a table was staged from, where it can be brought up to date: for this spec and target, and without corrections.
SELECT d.snapshot, d.content, d.staged_rows
FROM etl.staged AS d
WHERE d."table" = %(table)s AND d.spec_digest = %(spec_digest)s AND d.target_digest = %(target_digest)s
  AND d.content <> ''
  AND NOT EXISTS (SELECT FROM etl.corrections AS c WHERE c."table" = d."table")
  AND to_regclass(%(staging)s) IS NOT NULL

-- name: count_staging :one {staging}
-- Rows that are staged.
SELECT count(*) FROM {staging}

-- name: count_staging_of :one (table) {staging}
-- Rows that are staged, quarantined, left out on purpose; lines of the corrections file that found theirs.
SELECT (SELECT count(*) FROM {staging}),
       (SELECT count(DISTINCT q.legacy_id) FROM etl.quarantine AS q WHERE q."table" = %(table)s),
       (SELECT count(*) FROM etl.excluded AS e WHERE e."table" = %(table)s AND e.reason <> 'vanished'),
       (SELECT count(*) FROM etl.corrections AS c WHERE c."table" = %(table)s AND c.found)

-- name: note_left_out :exec (table)
-- Rows that were left out on purpose may be gone altogether by now.
WITH left_out AS (
    DELETE FROM etl.excluded AS e WHERE e."table" = %(table)s AND e.reason <> 'vanished' RETURNING e.legacy_id)
INSERT INTO pg_temp.etl_gone SELECT legacy_id FROM left_out ON CONFLICT DO NOTHING

-- name: clear_returned :exec (keys, table) {repeated, staging}
-- Rows that had vanished and are there again.
DELETE FROM etl.excluded AS e
WHERE e."table" = %(table)s AND e.reason = 'vanished'
  AND (e.legacy_id = ANY (%(keys)s::text[])
       OR EXISTS (SELECT FROM {staging} AS s WHERE s._legacy_id = e.legacy_id)
       OR EXISTS (SELECT FROM etl.quarantine AS q WHERE q."table" = %(table)s AND q.legacy_id = e.legacy_id)
       OR e.legacy_id IN ({repeated}))

-- name: drop_rowids :exec
-- Rows without a usable key are told apart by their place, which says nothing of another snapshot.
DELETE FROM pg_temp.etl_gone WHERE legacy_id LIKE 'rowid:%%'

-- name: count_quarantined :one (table)
-- Rows with a refused value.
SELECT count(DISTINCT q.legacy_id) FROM etl.quarantine AS q WHERE q."table" = %(table)s

-- name: drop_gone :exec
-- A dry run brings several tables up to date in one transaction.
DROP TABLE IF EXISTS pg_temp.etl_gone

-- name: create_gone :exec
-- Keys of rows that the former export had and the new one has not, or not as they were.
CREATE TEMP TABLE etl_gone (legacy_id text PRIMARY KEY) ON COMMIT DROP

-- name: copy_gone :copy
-- Keys as CSV.
COPY pg_temp.etl_gone FROM STDIN (FORMAT csv, ENCODING 'UTF8')

-- name: delete_gone :exec {key, of_table, store}
-- Their rows, from staging or from the quarantine.
DELETE FROM {store} AS s USING pg_temp.etl_gone AS g WHERE s.{key} = g.legacy_id {of_table}
