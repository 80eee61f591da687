-- name: find_fact :first (key)
-- A fact of etl.meta.
SELECT m.value FROM etl.meta AS m WHERE m.key = %(key)s

-- name: write_fact :exec (key, value)
-- A fact, once.
INSERT INTO etl.meta (key, value) VALUES (%(key)s, %(value)s) ON CONFLICT (key) DO NOTHING

-- name: replace_fact :exec (key, value)
-- A fact that may change.
INSERT INTO etl.meta (key, value) VALUES (%(key)s, %(value)s)
ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, written_at = clock_timestamp()

-- name: drop_fact :exec (key)
-- A fact that does not hold any more.
DELETE FROM etl.meta WHERE key = %(key)s

-- name: keep_content :exec (table)
-- What a table without a key holds when its rows are first loaded; VACUUM may give every row another rowid afterwards.
INSERT INTO etl.meta (key, value)
SELECT 'keyless ' || d."table", d.content FROM etl.staged AS d WHERE d."table" = %(table)s
ON CONFLICT (key) DO NOTHING

-- name: refresh_content :exec (content, snapshot, table)
-- A table without a key is known by its whole content, which is without the forgotten rows now.
UPDATE etl.meta AS m SET value = %(content)s
FROM etl.staged AS d
WHERE d."table" = %(table)s AND d.snapshot = %(snapshot)s
  AND m.key = 'keyless ' || d."table" AND m.value = d.content AND m.value <> %(content)s

-- name: list_facts :many
-- Everything that is remembered.
SELECT key, value FROM etl.meta

-- name: is_loaded :one (table)
-- Is a row of this table, or of any, in the ledger?
SELECT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = %(table)s OR %(table)s::text IS NULL)

-- name: count_loaded :one (table)
-- How many rows of this table does the ledger have?
SELECT count(*) FROM etl.loaded AS l WHERE l."table" = %(table)s

-- name: is_applied :one (balance)
-- Was this balance given to anybody?
SELECT EXISTS (SELECT FROM etl.balances AS b WHERE b.balance = %(balance)s)
