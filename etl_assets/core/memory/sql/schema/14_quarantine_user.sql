-- Looked up by user.
CREATE INDEX IF NOT EXISTS quarantine_user ON etl.quarantine (legacy_user_id)
