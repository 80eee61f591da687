-- Legacy ids that were given to another row after a load: the id that this row has in production, and that of the first.
CREATE TABLE IF NOT EXISTS etl.reissued (
    "table" text NOT NULL,
    legacy_id text NOT NULL,
    new_id uuid NOT NULL,
    former_id uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY ("table", legacy_id))
