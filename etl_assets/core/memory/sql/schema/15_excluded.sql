-- Legacy rows that stay behind on purpose: `where` is not true, or they vanished before they were loaded.
CREATE TABLE IF NOT EXISTS etl.excluded (
    "table" text NOT NULL,
    legacy_id text NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY ("table", legacy_id))
