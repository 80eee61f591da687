-- name: repeated_keys :fragment {staging, table}
-- Legacy keys that more than one row has by now, which therefore stand in quarantine by their place. One of them is
-- what was loaded under the key, and nobody can say which.
SELECT DISTINCT substring(p.legacy_id FROM '^rowid:-?[0-9]+ of (.*)$') AS legacy_id
FROM etl.quarantine AS p
WHERE p."table" = {table} AND p.rule = 'key_missing_or_repeated'
  AND NOT EXISTS (
      SELECT FROM {staging} AS o WHERE o._legacy_id = substring(p.legacy_id FROM '^rowid:-?[0-9]+ of (.*)$'))

-- name: repeated_users :fragment
-- Legacy ids that more than one user has in the current snapshot.
SELECT substring(r.legacy_user_id FROM '^rowid:-?[0-9]+ of (.*)$') AS legacy_user_id
FROM etl.legacy_user_map AS r
WHERE starts_with(r.legacy_user_id, 'rowid:')
  AND r.snapshot = (SELECT d.snapshot FROM etl.staged AS d WHERE d."table" = 'users')

-- name: why_another :fragment {repeated}
-- Why what arrives under a claimed legacy id waits: it is another person's, or nobody can tell.
CASE WHEN m.legacy_user_id IN ({repeated}) THEN 'two legacy users have the id now'
     WHEN m.seen_created_value IS NOT NULL AND m.created_value IS NOT NULL
          AND m.created_value <> m.seen_created_value AND m.created_at IS DISTINCT FROM m.seen_created_at
     THEN 'the legacy id was given to somebody else'
     ELSE 'the legacy address changed, and nothing proves that it is the same person' END
