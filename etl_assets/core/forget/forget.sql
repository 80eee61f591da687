-- name: find_person :first (user)
-- One legacy user: the account, rows in the ledger, whether the staged snapshot has the user; address and sign-up.
SELECT m.supabase_user_id IS NOT NULL,
       (SELECT count(*) FROM etl.loaded AS l WHERE l.legacy_user_id = m.legacy_user_id),
       EXISTS (SELECT FROM etl.staged AS d WHERE d."table" = 'users' AND d.snapshot = m.snapshot),
       m.seen_email, m.seen_created_value
FROM etl.legacy_user_map AS m WHERE m.legacy_user_id = %(user)s

-- name: find_forgotten :one (keyed)
-- What was removed of one forgotten person, in rows per table.
SELECT f.rows FROM etl.forgotten AS f WHERE f.keyed = %(keyed)s ORDER BY f.at DESC LIMIT 1

-- name: list_stores_with :many (columns)
-- The tables of schema etl that have all of these columns: whatever keeps something by row, or by user.
SELECT c.relname
FROM pg_class AS c
WHERE c.relnamespace = 'etl'::regnamespace AND c.relkind = 'r' AND left(c.relname, 4) <> 'stg_'
  AND (SELECT count(*) FROM pg_attribute AS a
       WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attname = ANY (%(columns)s)) = cardinality(%(columns)s)
ORDER BY c.relname

-- name: disown_rows :exec (user)
-- Rows of the ledger that are nobody's any more.
UPDATE etl.loaded SET legacy_user_id = NULL WHERE legacy_user_id = %(user)s

-- name: delete_noted_user :exec (user) {store}
-- What a store keeps about a person who is forgotten.
DELETE FROM {store} WHERE legacy_user_id = %(user)s

-- name: write_forgotten :exec (by_address, by_created, keyed, rows, run)
-- From here on no snapshot brings this person back.
INSERT INTO etl.forgotten (keyed, by_address, by_created, run, rows)
VALUES (%(keyed)s, %(by_address)s, %(by_created)s, %(run)s, %(rows)s::jsonb)

-- name: list_quarantined_of :many (table, user)
-- The quarantined rows that name one legacy user, also where nothing is staged.
SELECT DISTINCT q.legacy_id FROM etl.quarantine AS q WHERE q."table" = %(table)s AND q.legacy_user_id = %(user)s

-- name: list_user_rows :many (user) {owners}
-- The rows of one legacy user, staged or quarantined.
SELECT DISTINCT o.legacy_id FROM ({owners}) AS o WHERE o.legacy_user_id = %(user)s

-- name: delete_staged_rows :exec (ids) {staging}
-- Rows of a person who is forgotten.
DELETE FROM {staging} WHERE _legacy_id = ANY (%(ids)s::text[])

-- name: exclude_forgotten :exec (ids, table)
-- The rows stay in the books, as ids that say nothing; whatever kept them back before no longer matters.
INSERT INTO etl.excluded AS e ("table", legacy_id, reason)
SELECT %(table)s, k.key, 'forgotten' FROM unnest(%(ids)s::text[]) AS k (key)
ON CONFLICT ("table", legacy_id) DO UPDATE SET reason = 'forgotten'

-- name: delete_noted_rows :exec (ids, table) {store}
-- What a store keeps about rows of a person who is forgotten.
DELETE FROM {store} WHERE "table" = %(table)s AND legacy_id = ANY (%(ids)s::text[])
