-- What the staged snapshot says of each user's profile beside the balances, as text of the column's type.
CREATE TABLE IF NOT EXISTS etl.legacy_profile (
    attribute text NOT NULL,
    legacy_user_id text NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (attribute, legacy_user_id))
