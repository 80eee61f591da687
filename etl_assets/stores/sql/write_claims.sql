-- The claims file, whole.
INSERT INTO etl.claims (legacy_user_id, supabase_user_id, reason)
SELECT k.legacy_user_id, k.account, k.reason
FROM unnest(%(users)s::text[], %(accounts)s::uuid[], %(reasons)s::text[]) AS k (legacy_user_id, account, reason)
