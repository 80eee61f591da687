-- What balances, and the rows that they add up from, are before anything of a batch is written.
CREATE TEMP TABLE etl_before (
    balance text, legacy_user_id text, account uuid, held numeric, total numeric, own numeric)
ON COMMIT DROP
