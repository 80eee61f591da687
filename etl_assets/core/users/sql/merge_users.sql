-- New users are added; the addresses of unclaimed ones follow the legacy app; a claimed one keeps what it claimed by. A
-- moment of sign-up that was not known at the claim is kept from when it is, while the address is the claimed one.
INSERT INTO etl.legacy_user_map AS m
    (legacy_user_id, email, email_key, verified, created_at, created_value, snapshot, seen_email_key, seen_created_at,
     seen_created_value, seen_email, seen_verified)
SELECT legacy_user_id, email, email_key, verified, created_at, created_value, %(snapshot)s, email_key, created_at,
       created_value, email, verified
FROM pg_temp.etl_users_batch
ON CONFLICT (legacy_user_id) DO UPDATE SET
    snapshot = excluded.snapshot,
    seen_email_key = excluded.seen_email_key,
    seen_created_at = excluded.seen_created_at,
    seen_created_value = excluded.seen_created_value,
    seen_email = excluded.seen_email,
    seen_verified = excluded.seen_verified,
    email = CASE WHEN m.supabase_user_id IS NULL THEN excluded.email ELSE m.email END,
    email_key = CASE WHEN m.supabase_user_id IS NULL THEN excluded.email_key ELSE m.email_key END,
    verified = CASE WHEN m.supabase_user_id IS NULL THEN excluded.verified ELSE m.verified END,
    created_at = CASE WHEN m.supabase_user_id IS NULL OR m.created_value IS NULL AND m.email_key = excluded.email_key
                      THEN excluded.created_at ELSE m.created_at END,
    created_value = CASE WHEN m.supabase_user_id IS NULL OR m.created_value IS NULL AND m.email_key = excluded.email_key
                         THEN excluded.created_value ELSE m.created_value END
