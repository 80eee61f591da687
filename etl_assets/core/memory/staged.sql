-- name: describe_staging :one (tables)
-- What the staging tables of the spec are made from: which are there, of how many snapshots, and a mark that every
-- staging changes.
SELECT coalesce(array_agg(d."table"), ARRAY[]::text[]),
       count(DISTINCT d.snapshot),
       coalesce(md5(string_agg(d."table" || ' ' || d.snapshot || ' ' || d.spec_digest || ' ' || d.staged_at,
                               ',' ORDER BY d."table")), '')
FROM etl.staged AS d WHERE d."table" = ANY (%(tables)s)

-- name: list_staged_snapshots :many
-- Each staged table with its snapshot.
SELECT d."table", d.snapshot FROM etl.staged AS d

-- name: list_staged :many
-- Tables that were staged.
SELECT "table" FROM etl.staged

-- name: write_staged :exec (content, copied, key_columns, made_with, snapshot, source_rows, spec_digest, staged_rows, table, target_digest)
-- What this staging table was made from.
INSERT INTO etl.staged ("table", snapshot, spec_digest, target_digest, source_rows, staged_rows, content, made_with,
                        key_columns, copied)
VALUES (%(table)s, %(snapshot)s, %(spec_digest)s, %(target_digest)s, %(source_rows)s, %(staged_rows)s, %(content)s,
        %(made_with)s, %(key_columns)s, %(copied)s)
ON CONFLICT ("table") DO UPDATE SET
    snapshot = excluded.snapshot, spec_digest = excluded.spec_digest, target_digest = excluded.target_digest,
    source_rows = excluded.source_rows, staged_rows = excluded.staged_rows, content = excluded.content,
    made_with = excluded.made_with, key_columns = excluded.key_columns, copied = excluded.copied, is_touched = false, digest = NULL,
    staged_at = clock_timestamp()

-- name: write_staging_digest :exec (digest, table)
-- Keeps the digest of what was staged.
UPDATE etl.staged AS d SET digest = %(digest)s, is_touched = false WHERE d."table" = %(table)s

-- name: shrink_staged :exec (source, staged, table)
-- A staged table has fewer rows than it was staged with; `source` is less by one for a forgotten user alone.
UPDATE etl.staged SET source_rows = source_rows - %(source)s, staged_rows = staged_rows - %(staged)s
WHERE "table" = %(table)s

-- name: refresh_source :exec (content, snapshot, table)
-- The export that the staging table was made from was written again without the forgotten rows.
UPDATE etl.staged SET content = %(content)s
WHERE "table" = %(table)s AND snapshot = %(snapshot)s AND content <> %(content)s

-- name: clear_staged :exec
-- No staging table is left.
DELETE FROM etl.staged

-- name: find_staged :first (content, key_columns, made_with, snapshot, spec_digest, table, target_digest)
-- How many rows are staged of a table that is made from all of this.
SELECT d.staged_rows FROM etl.staged AS d
WHERE d."table" = %(table)s AND d.snapshot = %(snapshot)s AND d.content = %(content)s AND d.made_with = %(made_with)s
  AND d.spec_digest = %(spec_digest)s AND d.target_digest = %(target_digest)s
  AND d.key_columns IS NOT DISTINCT FROM %(key_columns)s::text[]

-- name: list_key_columns :many
-- The key columns of each legacy table that has some.
SELECT d."table", d.key_columns FROM etl.staged AS d WHERE d.key_columns IS NOT NULL

-- name: list_snapshots_of :many (copied)
-- The snapshots of this very content that are staged.
SELECT DISTINCT d.snapshot FROM etl.staged AS d WHERE d.copied = %(copied)s

-- name: list_touched :many
-- Staging tables to which somebody has written since they were staged.
SELECT d."table" FROM etl.staged AS d WHERE d.is_touched
