-- The operator's claims file as it was read last. Without an account the line puts its user on hold.
CREATE TABLE IF NOT EXISTS etl.claims (
    legacy_user_id text PRIMARY KEY,
    supabase_user_id uuid,
    reason text NOT NULL)
