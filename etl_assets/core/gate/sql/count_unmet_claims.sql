-- Lines of the claims file that cannot come true: an unknown user, an account that cannot be given, a user who moved.
SELECT count(*), (array_agg(f.legacy_user_id ORDER BY f.legacy_user_id))[1:6]
FROM ({claims}) AS f
LEFT JOIN etl.legacy_user_map AS m ON m.legacy_user_id = f.legacy_user_id
WHERE m.legacy_user_id IS NULL
   OR m.supabase_user_id IS NULL AND f.supabase_user_id IS NOT NULL AND f.hindrance IS NOT NULL
   OR m.supabase_user_id IS NOT NULL AND m.supabase_user_id IS DISTINCT FROM f.supabase_user_id
