-- The account of whom the row was loaded for.
(SELECT f.supabase_user_id FROM etl.legacy_user_map AS f WHERE f.legacy_user_id = l.legacy_user_id)
