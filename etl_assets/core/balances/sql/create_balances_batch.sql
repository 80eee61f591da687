-- Balances and their faults pass through here.
CREATE TEMP TABLE IF NOT EXISTS etl_balances_batch (
    legacy_user_id text, amount numeric, "column" text, storage_class text, value text, rule text) ON COMMIT DROP
