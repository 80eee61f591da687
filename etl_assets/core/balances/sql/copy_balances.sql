-- Balances as CSV.
COPY pg_temp.etl_balances_batch (legacy_user_id, amount, "column", storage_class, value, rule)
FROM STDIN (FORMAT csv, ENCODING 'UTF8')
