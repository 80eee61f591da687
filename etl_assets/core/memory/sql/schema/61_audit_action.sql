-- Looked up by what was done.
CREATE INDEX IF NOT EXISTS audit_log_action ON etl.audit_log (action)
