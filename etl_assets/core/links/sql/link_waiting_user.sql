-- The second user has no account yet.
WHEN {parent}.legacy_user_id IS NOT NULL AND {parent}.supabase_user_id IS NULL THEN 'reference_waiting'
