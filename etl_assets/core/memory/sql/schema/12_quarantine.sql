-- One row per faulty cell of the staged snapshot.
CREATE TABLE IF NOT EXISTS etl.quarantine (
    "table" text NOT NULL,
    legacy_id text NOT NULL,
    legacy_user_id text,
    via_key text,
    "column" text NOT NULL,
    storage_class text NOT NULL,
    value text,
    rule text NOT NULL)
