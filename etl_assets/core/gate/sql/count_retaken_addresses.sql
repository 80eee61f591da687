-- Claims by address where another account that might claim has that address now.
SELECT count(*), (array_agg(m.legacy_user_id ORDER BY m.legacy_user_id))[1:6]
FROM etl.legacy_user_map AS m
WHERE m.supabase_user_id IS NOT NULL AND m.claimed_by_operator IS NULL
  AND EXISTS (SELECT FROM ({accounts}) AS h
              WHERE h.email_key = m.email_key AND h.hindrance IS NULL AND h.id <> m.supabase_user_id)
