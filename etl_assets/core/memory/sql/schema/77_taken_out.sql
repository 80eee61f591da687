-- Rows that somebody had written to when an undo took them out on the operator's word: all that they held then.
CREATE TABLE IF NOT EXISTS etl.taken_out (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "table" text NOT NULL,
    legacy_id text NOT NULL,
    legacy_user_id text,
    new_id text NOT NULL,
    run text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    content jsonb NOT NULL)
