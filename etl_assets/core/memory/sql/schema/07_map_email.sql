-- Claiming compares addresses.
CREATE INDEX IF NOT EXISTS legacy_user_map_email_key ON etl.legacy_user_map (email_key)
