-- A wave's users.
CREATE INDEX IF NOT EXISTS legacy_user_map_wave ON etl.legacy_user_map (wave)
