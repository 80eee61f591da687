-- Looked up by user.
CREATE INDEX IF NOT EXISTS profile_values_user ON etl.profile_values (legacy_user_id)
