-- name: list_people :many (limit, skip, state) {order}
-- One page of the legacy users in a state, in the order that was asked for.
SELECT m.legacy_user_id, btrim(m.email, E' \t\n\r\x0b\x0c'), m.state, m.reason, m.since
FROM etl.legacy_user_map AS m WHERE m.state = %(state)s
ORDER BY {order} LIMIT %(limit)s OFFSET %(skip)s

-- name: count_open_rows :many (users)
-- How many rows of these users have not arrived: waiting, and quarantined as far as they are staged.
SELECT b.legacy_user_id, sum(b.rows) FILTER (WHERE b.state IN ('waiting', 'ready')),
       sum(b.rows) FILTER (WHERE b.state = 'quarantined')
FROM etl.book AS b WHERE b.legacy_user_id = ANY (%(users)s) GROUP BY b.legacy_user_id

-- name: count_refused_rows :many (users)
-- How many rows of these users are not even staged, because a value was refused.
SELECT q.legacy_user_id, count(DISTINCT (q."table", q.legacy_id))
FROM etl.quarantine AS q
WHERE q.legacy_user_id = ANY (%(users)s)
  AND NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = q."table" AND l.legacy_id = q.legacy_id)
GROUP BY q.legacy_user_id

-- name: find_users_of_account :many (account)
-- The legacy users whom an account has claimed: one, and its merged twins.
SELECT m.legacy_user_id FROM etl.legacy_user_map AS m WHERE m.supabase_user_id = %(account)s::uuid
ORDER BY m.legacy_user_id

-- name: list_addresses :many {state}
-- The addresses of the users in a state, each once.
SELECT DISTINCT ON (coalesce(m.email_key, m.email)) btrim(m.email, E' \t\n\r\x0b\x0c')
FROM etl.legacy_user_map AS m WHERE m.state = {state} AND btrim(m.email, E' \t\n\r\x0b\x0c') <> ''
ORDER BY coalesce(m.email_key, m.email), m.legacy_user_id

-- name: count_cells :many
-- Refused values by table, column and rule.
SELECT q."table", q."column", q.rule, count(DISTINCT q.legacy_id)
FROM etl.quarantine AS q
WHERE NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = q."table" AND l.legacy_id = q.legacy_id)
GROUP BY q."table", q."column", q.rule ORDER BY q."table", count(DISTINCT q.legacy_id) DESC, q."column", q.rule

-- name: list_cells :many (column, limit, rule, skip, table)
-- One page of refused values.
SELECT q.legacy_id, q.legacy_user_id, q."column", q.storage_class, q.value, q.rule
FROM etl.quarantine AS q
WHERE q."table" = %(table)s AND q."column" = %(column)s AND q.rule = %(rule)s
  AND NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = q."table" AND l.legacy_id = q.legacy_id)
ORDER BY q.legacy_id LIMIT %(limit)s OFFSET %(skip)s

-- name: list_places :many (limit, reason, skip) {places}
-- One page of the rows that their links or the target's constraints keep back for one reason.
SELECT p.legacy_id, NULL::text, p."column", NULL::text, p.value, coalesce(p.rule, '')
FROM ({places}) AS p WHERE p.reason = %(reason)s ORDER BY p.legacy_id LIMIT %(limit)s OFFSET %(skip)s

-- name: list_cells_of_user :many (limit, user)
-- One user's refused values.
SELECT q."table", q.legacy_id, q."column", q.storage_class, q.value, q.rule
FROM etl.quarantine AS q
WHERE q.legacy_user_id = %(user)s
  AND NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = q."table" AND l.legacy_id = q.legacy_id)
ORDER BY q."table", q.legacy_id, q."column" LIMIT %(limit)s

-- name: list_waves :many (limit, skip)
-- One page of the waves, the newest first.
SELECT w.wave, w.sealed_at, w.users, coalesce(t.rows, 0), w.loaded_at, w.verified_at, w.undone_at
FROM etl.waves AS w LEFT JOIN etl.wave_totals AS t ON t.wave = w.wave
ORDER BY w.sealed_at DESC, w.wave DESC LIMIT %(limit)s OFFSET %(skip)s

-- name: count_arrivals :many
-- How many users every day's waves brought.
SELECT (w.sealed_at AT TIME ZONE 'UTC')::date, sum(w.users)
FROM etl.waves AS w WHERE w.undone_at IS NULL GROUP BY 1 ORDER BY 1
