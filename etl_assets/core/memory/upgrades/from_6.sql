ALTER TABLE etl.files ADD COLUMN mark text;
-- Objects that no line of `etl.files` names: begun and not noted as stored yet, or stored and since replaced by another.
-- `value` is what the row was given, or would have been; `run` is whose work it was.
CREATE TABLE etl.loose_files (
    entry text NOT NULL,
    key text NOT NULL,
    "table" text NOT NULL,
    "column" text NOT NULL,
    legacy_id text NOT NULL,
    value text,
    run text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (entry, key));
ALTER TABLE etl.loose_files ENABLE ROW LEVEL SECURITY;
