-- What a production row held before a changed legacy row was written over it (`on_change: update`): each column as
-- text, which reads back the same, jsonb's null and a double's -0 included.
CREATE TABLE IF NOT EXISTS etl.former (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "table" text NOT NULL,
    legacy_id text NOT NULL,
    wave text,
    run text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    digest uuid NOT NULL,
    content jsonb NOT NULL)
