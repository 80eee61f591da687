-- Legacy users who share an account, unless the spec merges duplicates.
SELECT CASE WHEN {merge} THEN 0 ELSE count(*) END, (array_agg(m.legacy_user_id ORDER BY m.legacy_user_id))[1:6]
FROM etl.legacy_user_map AS m
WHERE m.supabase_user_id IN (SELECT supabase_user_id FROM etl.legacy_user_map
                             WHERE supabase_user_id IS NOT NULL GROUP BY supabase_user_id HAVING count(*) > 1)
