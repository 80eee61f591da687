-- When the wave was read back: until then it is not finished, whatever was loaded.
ALTER TABLE etl.waves ADD COLUMN IF NOT EXISTS verified_at timestamptz
