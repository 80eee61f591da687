-- Every change of ours to a balance: what the profile held before and after. Undo takes it back.
CREATE TABLE IF NOT EXISTS etl.balances (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    balance text NOT NULL,
    legacy_user_id text NOT NULL,
    account uuid NOT NULL,
    wave text NOT NULL,
    run text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    before numeric,
    amount numeric NOT NULL,
    after numeric NOT NULL)
