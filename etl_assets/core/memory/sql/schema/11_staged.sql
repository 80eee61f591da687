-- What each staging table was made from; `source_rows` is SQLite's own count of the legacy table.
CREATE TABLE IF NOT EXISTS etl.staged (
    "table" text PRIMARY KEY,
    snapshot text NOT NULL,
    spec_digest text NOT NULL,
    target_digest text NOT NULL,
    source_rows bigint NOT NULL,
    staged_rows bigint NOT NULL,
    staged_at timestamptz NOT NULL DEFAULT clock_timestamp())
