-- Looked up by account.
CREATE INDEX IF NOT EXISTS balances_account ON etl.balances (account)
