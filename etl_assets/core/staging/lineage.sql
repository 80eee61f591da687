-- name: sample_users :many (count)
-- Users of the last snapshot, a sample of them that is the same each time.
SELECT m.legacy_user_id, m.seen_email, m.seen_created_value FROM etl.legacy_user_map AS m
WHERE m.snapshot = (SELECT d.snapshot FROM etl.staged AS d WHERE d."table" = 'users')
  AND m.legacy_user_id NOT LIKE 'rowid:%%'
ORDER BY hashtextextended(m.legacy_user_id, 0) LIMIT %(count)s

-- name: sample_created :many (count) {staging}
-- Rows of the last snapshot with their owners and when they were made, a sample that is the same each time.
SELECT s._legacy_id, s._legacy_user_id, s._created FROM {staging} AS s
ORDER BY hashtextextended(s._legacy_id, 0) LIMIT %(count)s

-- name: sample_rows :many (count) {staging}
-- Rows of the last snapshot with their owners, a sample that is the same each time.
SELECT s._legacy_id, s._legacy_user_id, NULL::text FROM {staging} AS s
ORDER BY hashtextextended(s._legacy_id, 0) LIMIT %(count)s
