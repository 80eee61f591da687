-- One such row.
SELECT l.legacy_id
FROM ({links}) AS k
JOIN etl.loaded AS l ON l."table" = {table} AND l.legacy_id = k._legacy_id
JOIN {target} AS t ON t.{id} = k._new_id
WHERE k._reason IS NULL AND ({staged_row}) IS DISTINCT FROM ({found_row})
  AND {expected} <> l.digest AND {found} = l.digest
LIMIT 1
