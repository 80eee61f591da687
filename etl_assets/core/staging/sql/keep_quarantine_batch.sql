-- From the batch into the quarantine, under the table's name.
WITH moved AS (DELETE FROM pg_temp.etl_quarantine_batch RETURNING *)
INSERT INTO etl.quarantine ("table", legacy_id, legacy_user_id, via_key, "column", storage_class, value, rule)
SELECT %(table)s, legacy_id, legacy_user_id, via_key, "column", storage_class, value, rule FROM moved
