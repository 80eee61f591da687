-- When the user came into the present state: how long somebody has been missing.
ALTER TABLE etl.legacy_user_map ADD COLUMN IF NOT EXISTS since timestamptz NOT NULL DEFAULT clock_timestamp()
