-- Looked up by wave.
CREATE INDEX IF NOT EXISTS loaded_wave ON etl.loaded (wave)
