-- Looked up by user.
CREATE INDEX IF NOT EXISTS loaded_user ON etl.loaded (legacy_user_id)
