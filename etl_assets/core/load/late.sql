-- name: ready_pages :fragment {account_reasons, join_user, pages}
-- Users with rows that could be loaded now: new, corrected, or freed by a row that has arrived.
WITH ready AS MATERIALIZED (
    SELECT DISTINCT b.legacy_user_id
    FROM ({pages}) AS b
    JOIN etl.legacy_user_map AS m ON m.legacy_user_id = b.legacy_user_id
    WHERE b.state = 'ready' AND m.supabase_user_id IS NOT NULL)
SELECT b.legacy_user_id
FROM ready AS b
{join_user}
WHERE (CASE {account_reasons} END) IS NULL

-- name: list_users_with_ready_rows :many {ready}
-- Each once.
SELECT DISTINCT r.legacy_user_id FROM ({ready}) AS r

-- name: list_users_waiting_in_circle :many (tables)
-- Claimed users of whom rows of a circle of tables wait for other rows, by the books.
SELECT DISTINCT b.legacy_user_id
FROM etl.book AS b
JOIN etl.legacy_user_map AS m ON m.legacy_user_id = b.legacy_user_id AND m.supabase_user_id IS NOT NULL
WHERE b."table" = ANY (%(tables)s) AND b.reason = 'reference_waiting'

-- name: list_users_ready_together :many (users) {rows}
-- Those of these users of whom rows could be written with rows of others that are ready too.
SELECT DISTINCT k._legacy_user_id FROM ({rows}) AS k
WHERE k._reason IS NULL AND k._legacy_user_id = ANY (%(users)s)

-- name: find_ready_page :first {ready}
-- One of them.
SELECT r.legacy_user_id FROM ({ready}) AS r LIMIT 1

-- name: find_wave_since :first (staging)
-- Has a wave seen this staging already, after which nothing was undone? Then it has written what the legacy app changed.
SELECT true FROM etl.waves AS w
WHERE w.staging = %(staging)s AND w.loaded_at IS NOT NULL AND w.undone_at IS NULL
  AND NOT EXISTS (SELECT FROM etl.audit_log AS a WHERE a.action = 'undone' AND a.at > w.loaded_at)

-- name: is_large_wave :one (wave)
-- Does a wave hold more than a fifth of all claimed users? Then all rows are read rather than theirs looked up.
SELECT count(*) FILTER (WHERE m.wave = %(wave)s) * 5 > count(*)
FROM etl.legacy_user_map AS m WHERE m.supabase_user_id IS NOT NULL

-- name: list_unfinished_waves :many
-- Sealed waves whose load was cut off, or that nobody has read back since, oldest first; not those that were undone.
SELECT wave FROM etl.waves WHERE undone_at IS NULL AND (loaded_at IS NULL OR verified_at IS NULL) ORDER BY wave
