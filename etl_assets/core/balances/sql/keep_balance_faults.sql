-- The others, for whoever corrects them: their users are held.
WITH moved AS (DELETE FROM pg_temp.etl_balances_batch RETURNING *)
INSERT INTO etl.quarantine ("table", legacy_id, legacy_user_id, via_key, "column", storage_class, value, rule)
SELECT 'users', legacy_user_id, legacy_user_id, NULL, "column", storage_class, value, rule FROM moved
WHERE rule IS NOT NULL
