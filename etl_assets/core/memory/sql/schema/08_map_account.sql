-- One account, one legacy user: looked up by account.
CREATE INDEX IF NOT EXISTS legacy_user_map_account ON etl.legacy_user_map (supabase_user_id)
