-- Rows whose values were refused, by rule; a row with two faults counts under both.
SELECT q."table", q.rule, count(DISTINCT q.legacy_id)
FROM etl.quarantine AS q
WHERE NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = q."table" AND l.legacy_id = q.legacy_id)
GROUP BY q."table", q.rule ORDER BY q."table", q.rule
