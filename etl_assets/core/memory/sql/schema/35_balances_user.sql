-- Looked up by user.
CREATE INDEX IF NOT EXISTS balances_user ON etl.balances (legacy_user_id)
