-- name: list_due :many (users) {column, column_name, links, staging, table}
-- Rows of some users whose file is to be copied, or was missing when it was looked for: what could be loaded but for it,
-- and what waits for another row, which may arrive in the same wave.
SELECT k._legacy_id, k._legacy_user_id, k._account_id::text, k._new_id::text, s.{column}, l.legacy_id IS NOT NULL
FROM ({links}) AS k
JOIN {staging} AS s ON s._legacy_id = k._legacy_id
LEFT JOIN etl.loaded AS l ON l."table" = {table} AND l.legacy_id = k._legacy_id
WHERE k._legacy_user_id = ANY (%(users)s) AND k._account_id IS NOT NULL AND btrim(s.{column}) <> ''
  AND k._reason IN ('file_waiting', 'reference_waiting', 'file_missing')
  AND NOT EXISTS (
      SELECT FROM etl.files AS f
      WHERE f."table" = {table} AND f."column" = {column_name} AND f.legacy_id = k._legacy_id
        AND f.named = s.{column} AND f.account = k._account_id AND f.state NOT IN ('file_missing', 'changed'))

-- name: list_lines :many (columns, legacy_ids, tables)
-- What became of the files of these rows so far.
SELECT f."table", f."column", f.legacy_id, f.legacy_user_id, f.account::text, f.wave, f.entry, f.named, f.state, f.source,
       f.size, f.sha256, f.key, f.etag, f.value, f.mark
FROM etl.files AS f
JOIN unnest(%(tables)s::text[], %(columns)s::text[], %(legacy_ids)s::text[]) AS n ("table", "column", legacy_id)
    USING ("table", "column", legacy_id)

-- name: list_changed_users :many {links, table}
-- Users with a loaded row of which another path, or a file with other content, waits to be copied.
SELECT DISTINCT k._legacy_user_id
FROM ({links}) AS k
JOIN etl.loaded AS l ON l."table" = {table} AND l.legacy_id = k._legacy_id
WHERE k._reason = 'file_waiting'

-- name: note_changed :exec (columns, legacy_ids, tables)
-- The old app has written to the files of these rows.
UPDATE etl.files AS f SET state = 'changed', at = clock_timestamp()
FROM unnest(%(tables)s::text[], %(columns)s::text[], %(legacy_ids)s::text[]) AS n ("table", "column", legacy_id)
WHERE f."table" = n."table" AND f."column" = n."column" AND f.legacy_id = n.legacy_id AND f.state = 'stored'

-- name: write_files :exec (lines)
-- What became of files.
INSERT INTO etl.files AS f
    ("table", "column", legacy_id, legacy_user_id, account, wave, entry, named, state, source, size, sha256, key, etag, value, mark)
SELECT n."table", n."column", n.legacy_id, n.legacy_user_id, n.account, n.wave, n.entry, n.named, n.state, n.source, n.size,
       n.sha256, n.key, n.etag, n.value, n.mark
FROM jsonb_populate_recordset(NULL::etl.files, %(lines)s::jsonb) AS n
ON CONFLICT ("table", legacy_id, "column") DO UPDATE
SET legacy_user_id = EXCLUDED.legacy_user_id, account = EXCLUDED.account, wave = EXCLUDED.wave, entry = EXCLUDED.entry,
    named = EXCLUDED.named, state = EXCLUDED.state, source = EXCLUDED.source, size = EXCLUDED.size,
    sha256 = EXCLUDED.sha256, key = EXCLUDED.key, etag = EXCLUDED.etag, value = EXCLUDED.value, mark = EXCLUDED.mark,
    at = clock_timestamp()

-- name: list_missing_users :many (tables)
-- Claimed users with a file that was not there when it was looked for.
SELECT DISTINCT f.legacy_user_id FROM etl.files AS f WHERE f.state = 'file_missing' AND f."table" = ANY (%(tables)s)

-- name: count_files :many
-- Files and bytes, by table and state.
SELECT f."table", f.state, count(*), coalesce(sum(f.size), 0)::bigint FROM etl.files AS f GROUP BY 1, 2 ORDER BY 1, 2

-- name: count_files_of_user :many (user)
-- Files and bytes of one user, by table and state.
SELECT f."table", f.state, count(*), coalesce(sum(f.size), 0)::bigint
FROM etl.files AS f WHERE f.legacy_user_id = %(user)s GROUP BY 1, 2 ORDER BY 1, 2

-- name: list_stored :many (column, legacy_id, most, table)
-- Objects in the order of their keys, so many at most.
SELECT f."table", f."column", f.legacy_id, f.entry, f.key, f.size, f.etag, f.sha256, f.source, f.mark, f.state
FROM etl.files AS f WHERE f.state IN ('stored', 'changed') AND (f."table", f.legacy_id, f."column") > (%(table)s::text, %(legacy_id)s::text, %(column)s::text)
ORDER BY f."table", f.legacy_id, f."column" LIMIT %(most)s

-- name: list_unloaded :many
-- Objects whose row is not in the ledger and whose owner has no account now: a wave that was undone, a person who was forgotten.
SELECT f."table", f."column", f.legacy_id, f.entry, f.key, f.etag, f.legacy_user_id
FROM etl.files AS f
WHERE NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = f."table" AND l.legacy_id = f.legacy_id)
  AND NOT EXISTS (SELECT FROM etl.legacy_user_map AS m
                  WHERE m.legacy_user_id = f.legacy_user_id AND m.supabase_user_id = f.account AND m.held IS NULL)

-- name: drop_files :exec (columns, legacy_ids, tables)
-- Lines whose object is gone.
DELETE FROM etl.files AS f
USING unnest(%(tables)s::text[], %(columns)s::text[], %(legacy_ids)s::text[]) AS n ("table", "column", legacy_id)
WHERE f."table" = n."table" AND f."column" = n."column" AND f.legacy_id = n.legacy_id

-- name: find_refused :first (columns, legacy_ids, tables)
-- Is one of these lines about a file that its row waited for in quarantine?
SELECT true
FROM etl.files AS f
JOIN unnest(%(tables)s::text[], %(columns)s::text[], %(legacy_ids)s::text[]) AS n ("table", "column", legacy_id)
    USING ("table", "column", legacy_id)
WHERE f.state NOT IN ('stored', 'changed', 'absent')
LIMIT 1

-- name: list_refused :many (column, legacy_id, most, table)
-- Files that were not there, or could not be read, in the order of their keys, so many at most.
SELECT f."table", f."column", f.legacy_id, f.entry, f.named, f.state
FROM etl.files AS f
WHERE f.state NOT IN ('stored', 'changed', 'absent')
  AND (f."table", f.legacy_id, f."column") > (%(table)s::text, %(legacy_id)s::text, %(column)s::text)
ORDER BY f."table", f.legacy_id, f."column" LIMIT %(most)s

-- name: list_refused_users :many (users)
-- Those of these users who name a file that was not there, or could not be read.
SELECT DISTINCT f.legacy_user_id FROM etl.files AS f
WHERE f.legacy_user_id = ANY (%(users)s) AND f.state NOT IN ('stored', 'changed', 'absent')
