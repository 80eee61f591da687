-- name: list_live_waves :many
-- The waves that stand.
SELECT w.wave FROM etl.waves AS w WHERE w.undone_at IS NULL ORDER BY w.wave

-- name: list_waves_of_user :many (user)
-- The waves that brought rows of a user.
SELECT DISTINCT l.wave FROM etl.loaded AS l WHERE l.legacy_user_id = %(user)s AND l.wave IS NOT NULL ORDER BY 1

-- name: count_of_waves :many (waves)
-- How many rows of waves the ledger has, table by table.
SELECT l.wave, l."table", count(*) FROM etl.loaded AS l WHERE l.wave = ANY (%(waves)s) GROUP BY l.wave, l."table"

-- name: list_undone_waves :many
-- Waves that an undo took out, whole or of one user, and that nobody has run again since.
SELECT w.wave FROM etl.waves AS w
WHERE w.undone_at IS NOT NULL OR w.wave IN (SELECT m.held_wave FROM etl.legacy_user_map AS m WHERE m.held = 'undone')
ORDER BY w.wave

-- name: create_undo :exec
-- What an undo is about: rows to remove, and rows whose former values come back.
CREATE TEMP TABLE etl_undo ("table" text, legacy_id text, new_id text, how text, PRIMARY KEY ("table", legacy_id))
ON COMMIT DROP

-- name: choose_removals :exec (users, wave)
-- Everything of these users, and everything that this wave brought to others.
INSERT INTO pg_temp.etl_undo ("table", legacy_id, new_id, how)
SELECT l."table", l.legacy_id, l.new_id, 'remove' FROM etl.loaded AS l
WHERE l.legacy_user_id = ANY (%(users)s) OR l.wave = %(wave)s

-- name: choose_restorations :exec (wave)
-- Rows of others that this wave wrote over.
INSERT INTO pg_temp.etl_undo ("table", legacy_id, new_id, how)
SELECT DISTINCT f."table", f.legacy_id, l.new_id, 'restore'
FROM etl.former AS f
JOIN etl.loaded AS l ON l."table" = f."table" AND l.legacy_id = f.legacy_id
WHERE f.wave = %(wave)s
ON CONFLICT DO NOTHING

-- name: list_touched_users :many (wave)
-- The owners of the rows, of the balances and of the profiles in question.
SELECT DISTINCT l.legacy_user_id
FROM pg_temp.etl_undo AS u
JOIN etl.loaded AS l ON l."table" = u."table" AND l.legacy_id = u.legacy_id
WHERE l.legacy_user_id IS NOT NULL
UNION
SELECT b.legacy_user_id FROM etl.balances AS b WHERE b.wave = %(wave)s
UNION
SELECT r.legacy_user_id FROM etl.profile_values AS r WHERE r.wave = %(wave)s

-- name: keep_taken_out :exec (run) {found, id, id_type, table, target}
-- What rows that are in use hold, before they go.
INSERT INTO etl.taken_out ("table", legacy_id, legacy_user_id, new_id, run, content)
SELECT {table}, u.legacy_id, l.legacy_user_id, u.new_id, %(run)s, to_jsonb(t)
FROM pg_temp.etl_undo AS u
JOIN etl.loaded AS l ON l."table" = u."table" AND l.legacy_id = u.legacy_id
JOIN {target} AS t ON t.{id} = u.new_id::{id_type}
WHERE u."table" = {table} AND u.how = 'remove' AND ({found} <> l.digest OR t.xmin <> l.xid)

-- name: digest_claims :one (users)
-- The claims that are taken back, as one digest for the audit trail.
SELECT md5(coalesce(string_agg(m.legacy_user_id || ' ' || m.supabase_user_id, ',' ORDER BY m.legacy_user_id), ''))
FROM etl.legacy_user_map AS m WHERE m.legacy_user_id = ANY (%(users)s) AND m.supabase_user_id IS NOT NULL

-- name: list_undo_tables :many
-- The tables of the rows in question.
SELECT DISTINCT u."table" FROM pg_temp.etl_undo AS u

-- name: strike_lost_rows :one {id, id_type, profiles, table, target}
-- Rows that went with their account: nobody removed them one by one, so an account that the user makes anew may have
-- them again. They leave the ledger, and with it what was kept of their former values.
WITH lost AS (
    SELECT u.legacy_id
    FROM pg_temp.etl_undo AS u
    JOIN etl.loaded AS l ON l."table" = u."table" AND l.legacy_id = u.legacy_id
    JOIN etl.legacy_user_map AS m ON m.legacy_user_id = l.legacy_user_id AND m.supabase_user_id IS NOT NULL
    WHERE u."table" = {table} AND u.how = 'remove'
      AND NOT EXISTS (SELECT FROM {profiles} AS p WHERE p.id = m.supabase_user_id)
      AND NOT EXISTS (SELECT FROM {target} AS t WHERE t.{id} = u.new_id::{id_type})),
former AS (
    DELETE FROM etl.former AS f USING lost AS o WHERE f."table" = {table} AND f.legacy_id = o.legacy_id),
struck AS (
    DELETE FROM etl.loaded AS l USING lost AS o WHERE l."table" = {table} AND l.legacy_id = o.legacy_id
    RETURNING l.legacy_id),
passed AS (
    DELETE FROM pg_temp.etl_undo AS u USING lost AS o WHERE u."table" = {table} AND u.legacy_id = o.legacy_id)
SELECT count(*) FROM struck

-- name: count_present :one (how) {id, id_type, table, target}
-- Rows in question that production has, and those that their users removed: these stay in the ledger, as a promise that
-- they never come back.
SELECT count(t.{id}), count(*) - count(t.{id})
FROM pg_temp.etl_undo AS u
LEFT JOIN {target} AS t ON t.{id} = u.new_id::{id_type}
WHERE u."table" = {table} AND u.how = %(how)s

-- name: loosen_rows :exec {id, id_type, nulls, table, target}
-- References from rows that go to rows that go before them.
UPDATE {target} AS t SET {nulls}
FROM pg_temp.etl_undo AS u
WHERE u."table" = {table} AND u.how = 'remove' AND t.{id} = u.new_id::{id_type}

-- name: remove_rows :one {id, id_type, table, target}
-- Out of production and out of the ledger: one statement.
WITH removed AS (
    DELETE FROM {target} AS t USING pg_temp.etl_undo AS u
    WHERE u."table" = {table} AND u.how = 'remove' AND t.{id} = u.new_id::{id_type}
    RETURNING u.legacy_id),
former AS (
    DELETE FROM etl.former AS f USING removed AS r WHERE f."table" = {table} AND f.legacy_id = r.legacy_id),
struck AS (
    DELETE FROM etl.loaded AS l USING removed AS r WHERE l."table" = {table} AND l.legacy_id = r.legacy_id
    RETURNING 1)
SELECT count(*) FROM struck

-- name: restore_rows :one (wave) {changes, found, id, id_type, table, target}
-- The values from before the wave, read back against the digest that the row had then.
WITH earliest AS MATERIALIZED (
    SELECT DISTINCT ON (f.legacy_id) f.legacy_id, f.digest, f.content, u.new_id
    FROM pg_temp.etl_undo AS u
    JOIN etl.former AS f ON f."table" = u."table" AND f.legacy_id = u.legacy_id AND f.wave = %(wave)s
    WHERE u."table" = {table} AND u.how = 'restore'
    ORDER BY f.legacy_id, f.id),
written AS (
    UPDATE {target} AS t SET {changes}
    FROM earliest AS e
    WHERE t.{id} = e.new_id::{id_type}
    RETURNING e.legacy_id, e.digest AS expected, {found} AS digest),
entered AS (
    UPDATE etl.loaded AS l SET digest = w.digest, xid = pg_current_xact_id()::xid
    FROM written AS w WHERE l."table" = {table} AND l.legacy_id = w.legacy_id),
former AS (
    DELETE FROM etl.former AS f USING written AS w
    WHERE f."table" = {table} AND f.legacy_id = w.legacy_id AND f.wave = %(wave)s)
SELECT count(*), count(*) FILTER (WHERE expected <> digest) FROM written

-- name: list_files_of_undo :many
-- Objects that rows to be removed name.
SELECT f."table", f."column", f.legacy_id, f.entry, f.key, f.etag, f.legacy_user_id
FROM etl.files AS f JOIN pg_temp.etl_undo AS n ON n."table" = f."table" AND n.legacy_id = f.legacy_id AND n.how = 'remove'
WHERE f.key IS NOT NULL
