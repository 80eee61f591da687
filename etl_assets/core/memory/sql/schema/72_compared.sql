-- What was read back last, for the runs that follow. `since` is when the oldest of it was.
CREATE TABLE IF NOT EXISTS etl.compared (
    "by" text PRIMARY KEY,
    run text NOT NULL,
    staging text NOT NULL,
    since timestamptz NOT NULL,
    tables jsonb NOT NULL)
