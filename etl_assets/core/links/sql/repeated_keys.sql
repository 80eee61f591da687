-- Legacy keys that more than one row has by now, which therefore stand in quarantine by their place. One of them is
-- what was loaded under the key, and nobody can say which.
SELECT DISTINCT substring(p.legacy_id FROM '^rowid:-?[0-9]+ of (.*)$') AS legacy_id
FROM etl.quarantine AS p
WHERE p."table" = {table} AND p.rule = 'key_missing_or_repeated'
  AND NOT EXISTS (
      SELECT FROM {staging} AS o WHERE o._legacy_id = substring(p.legacy_id FROM '^rowid:-?[0-9]+ of (.*)$'))
