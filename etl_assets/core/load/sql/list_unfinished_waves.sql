-- Sealed waves whose load was cut off, or that nobody has read back since, oldest first; not those that were undone.
SELECT wave FROM etl.waves WHERE undone_at IS NULL AND (loaded_at IS NULL OR verified_at IS NULL) ORDER BY wave
