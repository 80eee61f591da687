-- Whom nobody may bring back: HMAC-SHA256 of the legacy user id under the key in etl.meta; who did it, when, and how
-- many rows went. `rows` never names one.
CREATE TABLE IF NOT EXISTS etl.forgotten (
    keyed bytea PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    role text NOT NULL DEFAULT current_user,
    run text NOT NULL,
    rows jsonb NOT NULL DEFAULT '{{}}')
