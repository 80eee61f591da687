-- Looked up by wave. Waves are written one after the other, so a summary of each block range does, and costs a load
-- nothing.
CREATE INDEX IF NOT EXISTS loaded_wave ON etl.loaded USING brin (wave) WITH (autosummarize = on)
