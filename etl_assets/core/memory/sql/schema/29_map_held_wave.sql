-- The wave whose undoing put this user on hold: running that wave again lets go.
ALTER TABLE etl.legacy_user_map ADD COLUMN IF NOT EXISTS held_wave text
