-- One legacy user's entry in the map.
SELECT m.supabase_user_id::text, m.wave, m.claimed_at, m.migrated_at, m.state, m.reason, m.since, m.claimed_by_operator
FROM etl.legacy_user_map AS m WHERE m.legacy_user_id = %(user)s
