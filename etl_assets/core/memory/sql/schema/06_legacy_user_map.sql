-- The guide's columns, then what claiming needs. A row is never deleted; a claim is never changed.
-- `seen_*` is what the latest snapshot says of the user, also after the claim.
CREATE TABLE IF NOT EXISTS etl.legacy_user_map (
    legacy_user_id text PRIMARY KEY,
    email text,
    supabase_user_id uuid,
    created_at timestamptz,
    migrated_at timestamptz,
    email_key text,
    verified boolean NOT NULL DEFAULT true,
    held text,
    state text NOT NULL DEFAULT 'waiting',
    reason text,
    wave text,
    confirmed_at timestamptz,
    claimed_at timestamptz,
    claimed_by_run text,
    snapshot text,
    seen_email_key text,
    seen_created_at timestamptz)
