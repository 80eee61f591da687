-- name: count_named :one {column, staging}
-- Staged rows whose column names a file.
SELECT count(*) FROM {staging} AS s WHERE btrim(s.{column}) <> ''

-- name: files_not_stored :fragment {column, column_name, links, staging, table}
-- Files that staged rows name and that are not in the new storage: whose they are, a line each. What stays behind by the
-- spec's word is not meant to come.
SELECT k._legacy_user_id AS legacy_user_id
FROM ({links}) AS k
JOIN {staging} AS s ON s._legacy_id = k._legacy_id
WHERE btrim(s.{column}) <> '' AND k._state <> 'excluded'
  AND NOT EXISTS (
      SELECT FROM etl.files AS f
      WHERE f."table" = {table} AND f."column" = {column_name} AND f.legacy_id = k._legacy_id
        AND f.state IN ('stored', 'changed'))

-- name: count_by_state :many {column, column_name, links, staging, table}
-- What became of the files that staged rows name, and the bytes that were stored. A row whose path is another by now names
-- what was copied for the former one. Beside what is missing, a file shares the lot of its row.
SELECT CASE WHEN f.state = 'stored' THEN 'stored'
            WHEN f.state = 'changed' OR (k._state = 'loaded' AND f.state IS NULL) THEN 'changed'
            WHEN f.state IS NOT NULL THEN 'missing'
            WHEN k._state IN ('excluded', 'quarantined') THEN k._state
            ELSE 'waiting' END,
       count(*), coalesce(sum(f.size), 0)::bigint
FROM ({links}) AS k
JOIN {staging} AS s ON s._legacy_id = k._legacy_id
LEFT JOIN etl.files AS f
    ON f."table" = {table} AND f."column" = {column_name} AND f.legacy_id = s._legacy_id AND f.named = s.{column}
WHERE btrim(s.{column}) <> ''
GROUP BY 1
