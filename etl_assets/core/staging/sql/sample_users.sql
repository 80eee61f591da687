-- Users of the last snapshot, a sample of them that is the same each time.
SELECT m.legacy_user_id, m.seen_email, m.seen_created_value FROM etl.legacy_user_map AS m
WHERE m.snapshot = (SELECT d.snapshot FROM etl.staged AS d WHERE d."table" = 'users')
  AND m.legacy_user_id NOT LIKE 'rowid:%%'
ORDER BY hashtextextended(m.legacy_user_id, 0) LIMIT %(count)s
