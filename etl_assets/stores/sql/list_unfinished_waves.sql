-- Sealed waves whose load was cut off, oldest first.
SELECT wave FROM etl.waves WHERE loaded_at IS NULL ORDER BY wave
