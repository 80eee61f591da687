-- Rows that the target refused when they were to be written, and the rule; they are quarantined for as long as the staged
-- row and the rules of the target are what they were then. Under `users`: what somebody's profile does not take.
CREATE TABLE IF NOT EXISTS etl.refused (
    "table" text NOT NULL,
    legacy_id text NOT NULL,
    legacy_user_id text,
    rule text NOT NULL,
    sqlstate text NOT NULL,
    row_digest uuid NOT NULL,
    facts text NOT NULL,
    run text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY ("table", legacy_id))
