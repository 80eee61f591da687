-- A transaction may stage several tables.
DROP TABLE IF EXISTS pg_temp.etl_known_ids
