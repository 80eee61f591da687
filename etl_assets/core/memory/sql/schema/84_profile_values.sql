-- What each account's profile was given, once: what stood there before, and whether ours was written or theirs was kept.
CREATE TABLE IF NOT EXISTS etl.profile_values (
    attribute text NOT NULL,
    account uuid NOT NULL,
    legacy_user_id text NOT NULL,
    wave text NOT NULL,
    run text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    before text,
    after text NOT NULL,
    is_written boolean NOT NULL,
    PRIMARY KEY (attribute, account))
