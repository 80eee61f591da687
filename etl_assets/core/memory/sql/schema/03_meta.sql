-- Facts that must never change once a row is loaded: namespace, marker, each table's id rule and key columns.
CREATE TABLE IF NOT EXISTS etl.meta (
    key text PRIMARY KEY,
    value text NOT NULL,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp())
