-- A transaction looks at several balances, and a dry run at several batches.
DROP TABLE IF EXISTS pg_temp.etl_before
