-- Claims by address whose account has another address now.
SELECT count(*), (array_agg(m.legacy_user_id ORDER BY m.legacy_user_id))[1:6]
FROM etl.legacy_user_map AS m
JOIN ({accounts}) AS h ON h.id = m.supabase_user_id
WHERE m.claimed_by_operator IS NULL AND h.hindrance IS NULL AND h.email_key IS DISTINCT FROM m.email_key
