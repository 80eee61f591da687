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
