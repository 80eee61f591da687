-- Looked up by id.
CREATE INDEX IF NOT EXISTS forgotten_keyed ON etl.forgotten (keyed)
