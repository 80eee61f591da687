-- The ledger. `digest` is that of the production row as it was read back, `xid` the transaction that wrote it.
CREATE TABLE IF NOT EXISTS etl.loaded (
    "table" text NOT NULL,
    legacy_id text NOT NULL,
    new_id text NOT NULL,
    legacy_user_id text,
    wave text,
    digest uuid NOT NULL,
    xid xid NOT NULL,
    PRIMARY KEY ("table", legacy_id))
