-- Legacy ids that more than one user has in the current snapshot.
SELECT substring(r.legacy_user_id FROM '^rowid:-?[0-9]+ of (.*)$') AS legacy_user_id
FROM etl.legacy_user_map AS r
WHERE starts_with(r.legacy_user_id, 'rowid:')
  AND r.snapshot = (SELECT d.snapshot FROM etl.staged AS d WHERE d."table" = 'users')
