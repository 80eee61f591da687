-- The claims file, whole, and whom each new line is about.
INSERT INTO etl.claims (legacy_user_id, supabase_user_id, reason, seen_email, seen_created_value)
SELECT k.legacy_user_id, k.account, k.reason, m.seen_email, m.seen_created_value
FROM unnest(%(users)s::text[], %(accounts)s::uuid[], %(reasons)s::text[]) AS k (legacy_user_id, account, reason)
LEFT JOIN etl.legacy_user_map AS m ON m.legacy_user_id = k.legacy_user_id
ON CONFLICT (legacy_user_id) DO NOTHING
