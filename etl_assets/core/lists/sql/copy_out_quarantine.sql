-- Every refused cell, for people.
SELECT q."table", q.legacy_id, q."column", q.storage_class, q.value, q.rule
FROM etl.quarantine AS q
WHERE NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = q."table" AND l.legacy_id = q.legacy_id)
ORDER BY q."table", q.legacy_id, q."column"
