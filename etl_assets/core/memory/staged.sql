-- name: list_staged_snapshots :many
-- Each staged table with its snapshot.
SELECT d."table", d.snapshot FROM etl.staged AS d

-- name: list_staged :many
-- Tables that were staged.
SELECT "table" FROM etl.staged

-- name: write_staged :exec (content, snapshot, source_rows, spec_digest, staged_rows, table, target_digest)
-- What this staging table was made from.
INSERT INTO etl.staged ("table", snapshot, spec_digest, target_digest, source_rows, staged_rows, content)
VALUES (%(table)s, %(snapshot)s, %(spec_digest)s, %(target_digest)s, %(source_rows)s, %(staged_rows)s, %(content)s)
ON CONFLICT ("table") DO UPDATE SET
    snapshot = excluded.snapshot, spec_digest = excluded.spec_digest, target_digest = excluded.target_digest,
    source_rows = excluded.source_rows, staged_rows = excluded.staged_rows, content = excluded.content, digest = NULL,
    staged_at = clock_timestamp()

-- name: write_staging_digest :exec (digest, table)
-- Keeps the digest of what was staged.
UPDATE etl.staged AS d SET digest = %(digest)s WHERE d."table" = %(table)s

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
