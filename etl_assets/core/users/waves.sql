-- name: list_wave_users :many (wave)
-- A wave's users.
SELECT legacy_user_id FROM etl.legacy_user_map WHERE wave = %(wave)s ORDER BY legacy_user_id

-- name: list_unverified_claims :one
-- The accounts of the waves that were loaded and not verified since, and whoever has claimed them, then or before.
SELECT coalesce(array_agg(m.legacy_user_id), ARRAY[]::text[]),
       coalesce(array_agg(DISTINCT m.supabase_user_id::text), ARRAY[]::text[])
FROM etl.legacy_user_map AS m
WHERE m.supabase_user_id IN (
    SELECT c.supabase_user_id FROM etl.waves AS w
    JOIN etl.legacy_user_map AS c ON c.wave = w.wave
    WHERE w.loaded_at IS NOT NULL AND w.verified_at IS NULL)

-- name: find_wave :first (wave)
-- A sealed wave's number of users, and whether it was undone.
SELECT users, undone_at IS NOT NULL FROM etl.waves WHERE wave = %(wave)s

-- name: write_wave :exec (run, users, wave)
-- Seals the wave.
INSERT INTO etl.waves (wave, users, run) VALUES (%(wave)s, %(users)s, %(run)s)

-- name: reopen_wave :exec (run, users, wave)
-- A wave that is run again after it, or one of its users, was undone.
UPDATE etl.waves SET users = users + %(users)s, run = %(run)s, undone_at = NULL, loaded_at = NULL, verified_at = NULL
WHERE wave = %(wave)s

-- name: finish_wave :exec (staging, wave)
-- The wave's load has come to its end: everything that this staging let through has arrived. It is read back next.
UPDATE etl.waves SET loaded_at = clock_timestamp(), staging = %(staging)s, verified_at = NULL WHERE wave = %(wave)s

-- name: verify_waves :exec
-- Everything that was loaded has been read back.
UPDATE etl.waves SET verified_at = clock_timestamp() WHERE loaded_at IS NOT NULL AND verified_at IS NULL

-- name: mark_undone :exec (wave)
-- The wave is as if it had not been; its key stays taken.
UPDATE etl.waves SET users = 0, undone_at = clock_timestamp() WHERE wave = %(wave)s

-- name: leave_wave :exec (users)
-- So many users less.
UPDATE etl.waves AS w SET users = w.users - n.users
FROM (SELECT m.wave, count(*) AS users FROM etl.legacy_user_map AS m
      WHERE m.legacy_user_id = ANY (%(users)s) AND m.supabase_user_id IS NOT NULL GROUP BY m.wave) AS n
WHERE w.wave = n.wave
