-- The readable ones go to the store, the others to the quarantine: their users are held.
WITH moved AS (DELETE FROM pg_temp.etl_profile_batch RETURNING *),
refused AS (
    INSERT INTO etl.quarantine ("table", legacy_id, legacy_user_id, via_key, "column", storage_class, value, rule)
    SELECT 'users', legacy_user_id, legacy_user_id, NULL, "column", storage_class, cell, rule FROM moved
    WHERE rule IS NOT NULL)
INSERT INTO etl.legacy_profile (attribute, legacy_user_id, value)
SELECT %(attribute)s, m.legacy_user_id, m.value FROM moved AS m
WHERE m.rule IS NULL AND m.value IS NOT NULL
ON CONFLICT DO NOTHING
