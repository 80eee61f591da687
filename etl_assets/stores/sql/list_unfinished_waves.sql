-- Sealed waves whose load was cut off, or that nobody has read back since, oldest first.
SELECT wave FROM etl.waves WHERE loaded_at IS NULL OR verified_at IS NULL ORDER BY wave
