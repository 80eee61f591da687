-- One user's rows whose values were refused, by rule, with a few legacy ids.
SELECT q.rule, count(DISTINCT q.legacy_id), (array_agg(DISTINCT q.legacy_id))[1:6]
FROM etl.quarantine AS q
JOIN ({owners}) AS o ON o.legacy_id = q.legacy_id
WHERE q."table" = {table} AND o.legacy_user_id = ANY (%(users)s)
  AND NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = {table} AND l.legacy_id = q.legacy_id)
GROUP BY q.rule ORDER BY q.rule
