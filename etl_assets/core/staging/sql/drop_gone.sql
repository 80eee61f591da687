-- A dry run brings several tables up to date in one transaction.
DROP TABLE IF EXISTS pg_temp.etl_gone
