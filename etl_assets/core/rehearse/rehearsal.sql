-- name: describe_quarantine :many
-- Refused cells by column and rule, with a few legacy ids.
SELECT q."table", q."column", q.rule, count(*), (array_agg(q.legacy_id ORDER BY q.legacy_id))[1:6]
FROM etl.quarantine AS q GROUP BY q."table", q."column", q.rule ORDER BY q."table", q."column", q.rule

-- name: count_refused :many (run)
-- What the target refused in a run: tables, rules, rows, a few legacy ids.
SELECT r."table", r.rule, count(*), (array_agg(r.legacy_id ORDER BY r.legacy_id))[1:6]
FROM etl.refused AS r WHERE r.run = %(run)s GROUP BY 1, 2 ORDER BY 1, 2
