-- The claims that are taken back, as one digest for the audit trail.
SELECT md5(coalesce(string_agg(m.legacy_user_id || ' ' || m.supabase_user_id, ',' ORDER BY m.legacy_user_id), ''))
FROM etl.legacy_user_map AS m WHERE m.legacy_user_id = ANY (%(users)s) AND m.supabase_user_id IS NOT NULL
