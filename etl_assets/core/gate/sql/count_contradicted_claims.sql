-- Claimed users whose address in the latest snapshot is not the one that they claimed by.
SELECT count(*), (array_agg(m.legacy_user_id ORDER BY m.legacy_user_id))[1:6]
FROM etl.legacy_user_map AS m
WHERE m.supabase_user_id IS NOT NULL AND m.seen_email_key IS DISTINCT FROM m.email_key
