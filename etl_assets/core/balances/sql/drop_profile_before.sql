-- A rehearsal loads several batches in one transaction.
DROP TABLE IF EXISTS pg_temp.etl_profile_before
