-- What the operator corrected in the staged snapshot, without the values; `found` says that the row is there.
CREATE TABLE IF NOT EXISTS etl.corrections (
    "table" text NOT NULL,
    legacy_id text NOT NULL,
    "column" text,
    reason text NOT NULL,
    found boolean NOT NULL)
