-- One user less.
UPDATE etl.waves AS w SET users = w.users - 1
FROM etl.legacy_user_map AS m
WHERE m.legacy_user_id = %(user)s AND m.supabase_user_id IS NOT NULL AND w.wave = m.wave
