-- name: note_refused :exec (key, rule, run, sqlstate) {facts, staging, table}
-- A row that the target refused.
INSERT INTO etl.refused AS r ("table", legacy_id, legacy_user_id, rule, sqlstate, row_digest, facts, run)
SELECT {table}, s._legacy_id, s._legacy_user_id, %(rule)s, %(sqlstate)s, md5(s::text)::uuid, {facts}, %(run)s
FROM {staging} AS s WHERE s._legacy_id = %(key)s
ON CONFLICT ("table", legacy_id) DO UPDATE SET
    rule = EXCLUDED.rule, sqlstate = EXCLUDED.sqlstate, row_digest = EXCLUDED.row_digest, facts = EXCLUDED.facts,
    run = EXCLUDED.run, at = clock_timestamp()

-- name: note_refused_balance :exec (rule, run, sqlstate, user) {facts}
-- Somebody whose balances the profile does not take.
INSERT INTO etl.refused AS r ("table", legacy_id, legacy_user_id, rule, sqlstate, row_digest, facts, run)
SELECT 'users', %(user)s, %(user)s, %(rule)s, %(sqlstate)s, etl.balances_digest(%(user)s), {facts}, %(run)s
ON CONFLICT ("table", legacy_id) DO UPDATE SET
    rule = EXCLUDED.rule, sqlstate = EXCLUDED.sqlstate, row_digest = EXCLUDED.row_digest, facts = EXCLUDED.facts,
    run = EXCLUDED.run, at = clock_timestamp()

-- name: list_ready_rows_of_circle :many {ids, links, of_users, places, staging}
-- Rows that can be written now, with the rows of their circle that they refer to.
SELECT k._legacy_id, {places}, {ids}
FROM ({links}) AS k
JOIN {staging} AS s ON s._legacy_id = k._legacy_id
WHERE k._reason IS NULL {of_users}
ORDER BY length(k._legacy_id), k._legacy_id

-- name: list_ready_rows :many {links, of_users}
-- Rows that can be written now, in the order of their keys, numbers by value.
SELECT k._legacy_id FROM ({links}) AS k WHERE k._reason IS NULL {of_users}
ORDER BY length(k._legacy_id), k._legacy_id
