-- Looked up by row.
CREATE INDEX IF NOT EXISTS former_row ON etl.former ("table", legacy_id)
