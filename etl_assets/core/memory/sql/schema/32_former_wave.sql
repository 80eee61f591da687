-- Looked up by wave.
CREATE INDEX IF NOT EXISTS former_wave ON etl.former (wave)
