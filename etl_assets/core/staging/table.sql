-- name: drop_staging :exec {staging}
-- Dropped and made anew: a `CREATE TABLE IF NOT EXISTS` would keep an old shape in silence.
DROP TABLE IF EXISTS {staging}

-- name: enable_rls :exec {table}
-- A second fence beside the schema's grants: row level security without a policy shows nothing.
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY

-- name: watch_staging :exec {staging}
-- Whoever writes to it by hand voids the books and the gate's verdicts.
CREATE TRIGGER voids_the_books AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {staging}
FOR EACH STATEMENT EXECUTE FUNCTION etl.void_books()

-- name: drop_known_ids :exec
-- A transaction may stage several tables.
DROP TABLE IF EXISTS pg_temp.etl_known_ids

-- name: make_known_ids :exec (table) {staging}
-- Every legacy id that this table's former staging knew.
CREATE TEMP TABLE etl_known_ids ON COMMIT DROP AS
SELECT _legacy_id AS legacy_id FROM {staging}
UNION SELECT legacy_id FROM etl.quarantine WHERE "table" = %(table)s AND legacy_id NOT LIKE 'rowid:%%'
UNION SELECT legacy_id FROM etl.excluded WHERE "table" = %(table)s AND legacy_id NOT LIKE 'rowid:%%'

-- name: make_known_ids_without_staging :exec (table)
-- The same before the first staging, or after a cleanup.
CREATE TEMP TABLE etl_known_ids ON COMMIT DROP AS
SELECT legacy_id FROM etl.quarantine WHERE "table" = %(table)s AND legacy_id NOT LIKE 'rowid:%%'
UNION SELECT legacy_id FROM etl.excluded WHERE "table" = %(table)s AND legacy_id NOT LIKE 'rowid:%%'

-- name: create_staging :exec {columns, staging}
-- Logged on purpose: a crash of the server must not empty it.
CREATE TABLE {staging} ({columns})

-- name: clear_table :exec (table) {store}
-- What the former snapshot had here.
DELETE FROM {store} WHERE "table" = %(table)s

-- name: add_staging_key :exec {staging}
-- After the COPY: one sort is cheaper than as many index insertions.
ALTER TABLE {staging} ADD PRIMARY KEY (_legacy_id)

-- name: exclude_rows :exec (keys, reason, table)
-- Rows that stay behind: `where` is not true for them, the operator dropped them, or their owner was forgotten.
INSERT INTO etl.excluded ("table", legacy_id, reason)
SELECT %(table)s, key, %(reason)s FROM unnest(%(keys)s::text[]) AS k (key)

-- name: create_staging_index :exec {columns, how, staging}
-- Waves find their rows by owner, children by the row that they refer to, conflicts by the target's unique columns.
CREATE INDEX ON {staging} USING {how} ({columns})

-- name: exclude_vanished :exec (table) {known, repeated, staging}
-- Ids seen before that the legacy database no longer has and that were never loaded.
INSERT INTO etl.excluded ("table", legacy_id, reason)
SELECT %(table)s, k.legacy_id, 'vanished'
FROM {known} AS k
WHERE NOT EXISTS (SELECT FROM {staging} AS s WHERE s._legacy_id = k.legacy_id)
  AND NOT EXISTS (SELECT FROM etl.quarantine AS q WHERE q."table" = %(table)s AND q.legacy_id = k.legacy_id)
  AND NOT EXISTS (SELECT FROM etl.excluded AS e WHERE e."table" = %(table)s AND e.legacy_id = k.legacy_id)
  AND NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = %(table)s AND l.legacy_id = k.legacy_id)
  AND k.legacy_id NOT IN ({repeated})

-- name: create_quarantine_batch :exec
-- COPY cannot add the table's name, so the cells pass through here.
CREATE TEMP TABLE IF NOT EXISTS etl_quarantine_batch (
    legacy_id text, legacy_user_id text, via_key text, "column" text, storage_class text, value text, rule text)
ON COMMIT DROP

-- name: copy_quarantine :copy
-- Faulty cells as CSV.
COPY pg_temp.etl_quarantine_batch FROM STDIN (FORMAT csv, ENCODING 'UTF8')

-- name: keep_quarantine_batch :exec (table)
-- From the batch into the quarantine, under the table's name.
WITH moved AS (DELETE FROM pg_temp.etl_quarantine_batch RETURNING *)
INSERT INTO etl.quarantine ("table", legacy_id, legacy_user_id, via_key, "column", storage_class, value, rule)
SELECT %(table)s, legacy_id, legacy_user_id, via_key, "column", storage_class, value, rule FROM moved

-- name: find_staging_digest :one (table)
-- The digest of what was staged; NULL where nobody has taken one yet.
SELECT d.digest FROM etl.staged AS d WHERE d."table" = %(table)s

-- name: digest_staging :one {staging}
-- A digest of the staging table as it stands, in no order: a sum of one hash per row.
SELECT coalesce(sum(hashtextextended(s::text, 0::bigint)), 0)::text FROM {staging} AS s

-- name: digest_versions :one (staging) {staging}
-- A staging table's columns, and which transactions have written its rows, how many each. A row is never written over
-- in place but gets a new version with the number of its transaction (PostgreSQL docs, "System Columns"), so where both
-- are the same nothing was written. It takes a tenth of the time of reading what the rows say.
SELECT (SELECT md5(string_agg(a.attnum || ' ' || a.attname || ' ' || a.atttypid::regtype, ',' ORDER BY a.attnum))
        FROM pg_attribute AS a
        WHERE a.attrelid = to_regclass(%(staging)s) AND a.attnum > 0 AND NOT a.attisdropped),
       (SELECT coalesce(md5(string_agg(v._xid::text || ':' || v.rows, ',' ORDER BY v._xid::text)), 'none')
        FROM (SELECT s.xmin AS _xid, count(*) AS rows FROM {staging} AS s GROUP BY s.xmin) AS v)

-- name: write_corrections :exec (columns, found, ids, reasons, table)
-- The corrections that this staging was made with.
INSERT INTO etl.corrections ("table", legacy_id, "column", reason, found)
SELECT %(table)s, c.legacy_id, nullif(c.col, ''), c.reason, c.legacy_id = ANY (%(found)s::text[])
FROM unnest(%(ids)s::text[], %(columns)s::text[], %(reasons)s::text[]) AS c (legacy_id, col, reason)

-- name: list_repeated_keys :many (keys) {staging}
-- Of these keys, those under which more than one row was staged.
SELECT s._legacy_id FROM {staging} AS s WHERE s._legacy_id = ANY (%(keys)s) GROUP BY s._legacy_id HAVING count(*) > 1

-- name: copy_staging :copy {columns, is_new, staging}
-- Typed rows as CSV.
COPY {staging} ({columns}) FROM STDIN (FORMAT csv, ENCODING 'UTF8', FREEZE {is_new})
