-- name: count_users_by_reason :many
-- The legacy users by state and reason, as they were last labelled.
SELECT m.state, m.reason, count(*)
FROM etl.legacy_user_map AS m GROUP BY m.state, m.reason ORDER BY count(*) DESC, m.state, m.reason

-- name: sample_users :many {reason, state}
-- A few ids of those in one state for one reason: with constants, so that Postgres knows whether they are rare.
SELECT m.legacy_user_id FROM etl.legacy_user_map AS m
WHERE m.state = {state} AND m.reason IS NOT DISTINCT FROM {reason}
ORDER BY m.legacy_user_id LIMIT 6

-- name: describe_corrections :many
-- The corrections by table and reason: corrected cells, dropped rows, and those whose row is not there.
SELECT c."table", c.reason,
       count(*) FILTER (WHERE c.found AND c."column" IS NOT NULL),
       count(*) FILTER (WHERE c.found AND c."column" IS NULL),
       count(*) FILTER (WHERE NOT c.found)
FROM etl.corrections AS c GROUP BY c."table", c.reason ORDER BY c."table", c.reason

-- name: count_refusals :many
-- Rows that are not even staged, by rule: values refused (a row with two faults counts under both), and left behind.
SELECT q."table", 'quarantined', q.rule, count(DISTINCT q.legacy_id)
FROM etl.quarantine AS q
WHERE NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = q."table" AND l.legacy_id = q.legacy_id)
GROUP BY q."table", q.rule
UNION ALL
SELECT e."table", 'excluded', e.reason, count(*)
FROM etl.excluded AS e
WHERE NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = e."table" AND l.legacy_id = e.legacy_id)
GROUP BY e."table", e.reason
ORDER BY 2 DESC, 1, 3
