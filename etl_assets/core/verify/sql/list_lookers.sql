-- A few claimed users of a wave who have loaded rows; always the same ones, and spread over all.
SELECT m.legacy_user_id, m.supabase_user_id
FROM etl.legacy_user_map AS m
WHERE m.wave = %(wave)s AND m.supabase_user_id IS NOT NULL
  AND EXISTS (SELECT FROM etl.loaded AS l WHERE l.legacy_user_id = m.legacy_user_id)
ORDER BY md5(m.legacy_user_id) LIMIT %(count)s
