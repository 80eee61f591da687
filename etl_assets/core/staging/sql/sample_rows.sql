-- Rows of the last snapshot with their owners, a sample that is the same each time.
SELECT s._legacy_id, s._legacy_user_id, NULL::text FROM {staging} AS s
ORDER BY hashtextextended(s._legacy_id, 0) LIMIT %(count)s
