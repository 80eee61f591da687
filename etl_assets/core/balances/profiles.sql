-- name: clear_legacy_profile :exec
-- What the former snapshot said of the profiles.
DELETE FROM etl.legacy_profile

-- name: create_profile_batch :exec
-- Values of profiles and their faults pass through here.
CREATE TEMP TABLE IF NOT EXISTS etl_profile_batch (
    legacy_user_id text, value text, "column" text, storage_class text, cell text, rule text) ON COMMIT DROP

-- name: copy_profile :copy
-- Values of profiles as CSV.
COPY pg_temp.etl_profile_batch (legacy_user_id, value, "column", storage_class, cell, rule)
FROM STDIN (FORMAT csv, ENCODING 'UTF8')

-- name: keep_profile :exec (attribute)
-- The readable ones go to the store, the others to the quarantine: their users are held.
WITH moved AS (DELETE FROM pg_temp.etl_profile_batch RETURNING *),
refused AS (
    INSERT INTO etl.quarantine ("table", legacy_id, legacy_user_id, via_key, "column", storage_class, value, rule)
    SELECT 'users', legacy_user_id, legacy_user_id, NULL, "column", storage_class, cell, rule FROM moved
    WHERE rule IS NOT NULL)
INSERT INTO etl.legacy_profile (attribute, legacy_user_id, value)
SELECT %(attribute)s, m.legacy_user_id, m.value FROM moved AS m
WHERE m.rule IS NULL AND m.value IS NOT NULL
ON CONFLICT DO NOTHING

-- name: drop_profile_before :exec
-- A rehearsal loads several batches in one transaction.
DROP TABLE IF EXISTS pg_temp.etl_profile_before

-- name: create_profile_before :exec
-- What profiles say before anything of a batch is written.
CREATE TEMP TABLE etl_profile_before (attribute text, legacy_user_id text, account uuid, held text) ON COMMIT DROP

-- name: note_profile :exec (users) {accounts, attribute, column, profiles}
-- One attribute of these users, as far as their accounts may hold anything.
INSERT INTO pg_temp.etl_profile_before (attribute, legacy_user_id, account, held)
SELECT {attribute}, m.legacy_user_id, m.supabase_user_id, p.{column}::text
FROM etl.legacy_user_map AS m
JOIN {profiles} AS p ON p.id = m.supabase_user_id
JOIN ({accounts}) AS h ON h.id = m.supabase_user_id AND h.hindrance IS NULL
WHERE m.legacy_user_id = ANY (%(users)s)

-- name: count_profile_changed :one {attribute, column, profiles}
-- Attributes that something else has changed within this transaction: a trigger on the tables that were just loaded.
SELECT count(*), (array_agg(b.legacy_user_id ORDER BY b.legacy_user_id))[1:6]
FROM pg_temp.etl_profile_before AS b
JOIN {profiles} AS p ON p.id = b.account
WHERE b.attribute = {attribute} AND p.{column}::text IS DISTINCT FROM b.held

-- name: apply_profile :one (run, wave) {attribute, column, profiles, sets, type}
-- Gives each account what the legacy app says of one attribute, once, and notes what stood there. Of two legacy users of
-- one account the first counts.
WITH due AS MATERIALIZED (
    SELECT DISTINCT ON (b.account) b.account, b.legacy_user_id, b.held, g.value, {sets} OR b.held IS NULL AS is_ours
    FROM pg_temp.etl_profile_before AS b
    JOIN etl.legacy_user_map AS m ON m.legacy_user_id = b.legacy_user_id
    JOIN etl.legacy_profile AS g ON g.attribute = b.attribute AND g.legacy_user_id = b.legacy_user_id
    WHERE b.attribute = {attribute} AND m.held IS NULL AND NOT m.is_another
      AND NOT EXISTS (SELECT FROM etl.profile_values AS r WHERE r.attribute = b.attribute AND r.account = b.account)
    ORDER BY b.account, b.legacy_user_id),
written AS (
    UPDATE {profiles} AS p SET {column} = d.value::{type} FROM due AS d WHERE p.id = d.account AND d.is_ours
    RETURNING p.id, p.{column} IS NOT DISTINCT FROM d.value::{type} AS is_exact),
entered AS (
    INSERT INTO etl.profile_values (attribute, account, legacy_user_id, wave, run, before, after, is_written)
    SELECT {attribute}, d.account, d.legacy_user_id, %(wave)s, %(run)s, d.held, d.value, d.is_ours FROM due AS d
    RETURNING 1)
SELECT (SELECT count(*) FROM entered),
       (SELECT count(*) FROM due AS d WHERE d.is_ours) - (SELECT count(*) FROM written WHERE is_exact),
       ARRAY(SELECT d.legacy_user_id FROM due AS d LEFT JOIN written AS w ON w.id = d.account
             WHERE d.is_ours AND w.is_exact IS NOT TRUE ORDER BY d.legacy_user_id LIMIT 6)

-- name: list_due_profile :many {accounts, attribute}
-- Users who have moved and whose attribute is still to be given, because it could not be read or was not there then.
SELECT g.legacy_user_id
FROM etl.legacy_profile AS g
JOIN etl.legacy_user_map AS m ON m.legacy_user_id = g.legacy_user_id AND m.held IS NULL AND NOT m.is_another
JOIN etl.waves AS w ON w.wave = m.wave AND w.loaded_at IS NOT NULL
JOIN ({accounts}) AS h ON h.id = m.supabase_user_id AND h.hindrance IS NULL
WHERE g.attribute = {attribute}
  AND NOT EXISTS (SELECT FROM etl.profile_values AS r WHERE r.attribute = g.attribute AND r.account = m.supabase_user_id)

-- name: list_unknown_profile :many (known, users, wave)
-- Attributes that would have to be given back, and that the spec does not name any more.
SELECT DISTINCT r.attribute FROM etl.profile_values AS r
WHERE (r.wave = %(wave)s OR r.legacy_user_id = ANY (%(users)s)) AND NOT r.attribute = ANY (%(known)s)
ORDER BY 1

-- name: undo_profile :one (users, wave) {attribute, column, profiles, type}
-- Gives back what stood there before, where it still is what we wrote; what was changed since stays as it is.
WITH gone AS (
    DELETE FROM etl.profile_values AS r
    WHERE r.attribute = {attribute} AND (r.wave = %(wave)s OR r.legacy_user_id = ANY (%(users)s))
    RETURNING r.account, r.before, r.after, r.is_written),
ours AS (
    SELECT g.account, g.before FROM gone AS g JOIN {profiles} AS p ON p.id = g.account
    WHERE g.is_written AND p.{column} IS NOT DISTINCT FROM g.after::{type}),
written AS (
    UPDATE {profiles} AS p SET {column} = o.before::{type} FROM ours AS o WHERE p.id = o.account
    RETURNING p.{column} IS NOT DISTINCT FROM o.before::{type} AS is_exact)
SELECT (SELECT count(*) FROM ours), (SELECT count(*) FROM ours) - (SELECT count(*) FROM written WHERE is_exact)
