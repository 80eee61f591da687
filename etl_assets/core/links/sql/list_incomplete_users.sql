-- Users with a row whose value was refused.
SELECT o.legacy_user_id
FROM etl.quarantine AS q
JOIN ({owners}) AS o ON o.legacy_id = q.legacy_id
WHERE q."table" = {table} AND o.legacy_user_id IS NOT NULL {of_users}
  AND NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = {table} AND l.legacy_id = q.legacy_id)
