-- Users with a loaded row that the legacy app has changed since and that nobody has changed in production.
SELECT DISTINCT l.legacy_user_id
FROM ({links}) AS k
JOIN etl.loaded AS l ON l."table" = {table} AND l.legacy_id = k._legacy_id
JOIN {target} AS t ON t.{id} = k._new_id
WHERE k._reason IS NULL AND ({staged_row}) IS DISTINCT FROM ({found_row})
  AND {expected} <> l.digest AND {found} = l.digest
