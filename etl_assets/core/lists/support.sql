-- name: find_user_state :one {states}
-- One user's state of this moment.
SELECT s.state, s.reason FROM ({states}) AS s

-- name: find_contradiction :one (user) {accounts, another}
-- What speaks against one standing claim by now, the gravest first.
SELECT CASE
           WHEN m.is_another THEN {another}
           WHEN m.claimed_by_operator IS NULL AND EXISTS (
               SELECT FROM ({accounts}) AS o
               WHERE o.email_key = m.email_key AND o.hindrance IS NULL AND o.id <> m.supabase_user_id)
               THEN 'another account has the claimed address now'
           WHEN m.claimed_by_operator IS NULL AND h.email_key IS DISTINCT FROM m.email_key
               THEN 'the account has another address now'
           WHEN m.seen_email_key IS DISTINCT FROM m.email_key THEN 'the legacy app has another address now'
       END
FROM etl.legacy_user_map AS m
LEFT JOIN ({accounts}) AS h ON h.id = m.supabase_user_id
WHERE m.legacy_user_id = %(user)s AND m.supabase_user_id IS NOT NULL

-- name: find_users_by_address :many (asked, key)
-- Legacy users who claimed, or have now, an address; or whose id it is.
SELECT m.legacy_user_id FROM etl.legacy_user_map AS m
WHERE m.email_key = %(key)s OR m.seen_email_key = %(key)s OR m.email = %(asked)s OR m.legacy_user_id = %(asked)s
ORDER BY m.legacy_user_id

-- name: count_user_loaded :one (users) {id, id_type, table, target}
-- How many of one user's rows were loaded and are there, and how many are gone.
SELECT count(t.{id}), count(*) - count(t.{id})
FROM etl.loaded AS l
LEFT JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
WHERE l."table" = {table} AND l.legacy_user_id = ANY (%(users)s)

-- name: list_user_places :many (users) {owners, places}
-- Where one user's refused rows are at fault.
SELECT p.reason, coalesce(p."column" || coalesce(' ' || p.value, ''), 'constraint ' || p.rule), min(p.legacy_id)
FROM ({places}) AS p
WHERE p.legacy_id IN (SELECT o.legacy_id FROM ({owners}) AS o WHERE o.legacy_user_id = ANY (%(users)s))
GROUP BY 1, 2 ORDER BY 1, 3, 2

-- name: describe_user_rows :many (users) {links, owners, sums}
-- One user's staged rows by state and reason, with the sums of the money columns and a few legacy ids. By the owners
-- and not by the links' own: the children of a row whose value was refused have no linked owner.
SELECT k._state, k._reason, count(*), {sums}, (array_agg(k._legacy_id ORDER BY k._legacy_id))[1:6]
FROM ({links}) AS k
WHERE k._legacy_id IN (SELECT o.legacy_id FROM ({owners}) AS o WHERE o.legacy_user_id = ANY (%(users)s))
GROUP BY k._state, k._reason ORDER BY 1, 2

-- name: describe_user_refusals :many (users) {owners, table}
-- One user's rows whose values were refused, by rule, with a few legacy ids.
SELECT q.rule, count(DISTINCT q.legacy_id), (array_agg(DISTINCT q.legacy_id))[1:6]
FROM etl.quarantine AS q
JOIN ({owners}) AS o ON o.legacy_id = q.legacy_id
WHERE q."table" = {table} AND o.legacy_user_id = ANY (%(users)s)
  AND NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = {table} AND l.legacy_id = q.legacy_id)
GROUP BY q.rule ORDER BY q.rule
