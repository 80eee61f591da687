-- Who did what, when: appended to, never changed.
CREATE TABLE IF NOT EXISTS etl.audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    run text NOT NULL,
    role text NOT NULL DEFAULT current_user,
    action text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{{}}')
