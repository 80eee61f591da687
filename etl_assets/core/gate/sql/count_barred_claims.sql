-- Claims that stand and whose account is gone, or may not hold anything now.
SELECT count(*), (array_agg(m.legacy_user_id ORDER BY m.legacy_user_id))[1:6]
FROM etl.legacy_user_map AS m
LEFT JOIN ({accounts}) AS h ON h.id = m.supabase_user_id
WHERE m.supabase_user_id IS NOT NULL AND (h.id IS NULL OR h.hindrance IS NOT NULL)
