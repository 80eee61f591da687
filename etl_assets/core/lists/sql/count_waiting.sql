-- One table's staged rows that have not arrived, per user, with the sums of the money columns; and the rows that are not
-- staged because a value was refused.
SELECT {table} AS "table", k._legacy_user_id AS legacy_user_id,
       count(*) FILTER (WHERE k._state IN ('waiting', 'ready')) AS waiting,
       count(*) FILTER (WHERE k._state = 'quarantined') AS quarantined,
       {sums} AS sums
FROM ({links}) AS k
WHERE k._state NOT IN ('loaded', 'excluded') AND k._legacy_user_id IS NOT NULL
GROUP BY k._legacy_user_id
UNION ALL
SELECT {table}, q.legacy_user_id, 0, count(DISTINCT q.legacy_id), NULL
FROM etl.quarantine AS q
WHERE q."table" = {table} AND q.legacy_user_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = {table} AND l.legacy_id = q.legacy_id)
GROUP BY q.legacy_user_id
