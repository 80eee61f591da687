-- The readable ones; a balance that is NULL is none.
INSERT INTO etl.legacy_balances (balance, legacy_user_id, amount)
SELECT %(balance)s, b.legacy_user_id, b.amount FROM pg_temp.etl_balances_batch AS b
WHERE b.rule IS NULL AND b.amount IS NOT NULL
ON CONFLICT DO NOTHING
