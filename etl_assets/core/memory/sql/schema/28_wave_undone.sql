-- When the wave was taken out of production again; a run of it by hand brings it back.
ALTER TABLE etl.waves ADD COLUMN IF NOT EXISTS undone_at timestamptz
