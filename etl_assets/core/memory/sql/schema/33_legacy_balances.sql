-- What the staged snapshot says of each user's balances.
CREATE TABLE IF NOT EXISTS etl.legacy_balances (
    balance text NOT NULL,
    legacy_user_id text NOT NULL,
    amount numeric NOT NULL,
    PRIMARY KEY (balance, legacy_user_id))
