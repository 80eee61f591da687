-- Looked up by row.
CREATE INDEX IF NOT EXISTS quarantine_row ON etl.quarantine ("table", legacy_id)
