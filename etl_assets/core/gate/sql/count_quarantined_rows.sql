-- Rows with at least one refused value that are not loaded.
SELECT count(DISTINCT q.legacy_id), (array_agg(DISTINCT q.legacy_id))[1:6]
FROM etl.quarantine AS q
WHERE q."table" = {table}
  AND NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = {table} AND l.legacy_id = q.legacy_id)
