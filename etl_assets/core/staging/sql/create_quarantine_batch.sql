-- COPY cannot add the table's name, so the cells pass through here.
CREATE TEMP TABLE IF NOT EXISTS etl_quarantine_batch (
    legacy_id text, legacy_user_id text, via_key text, "column" text, storage_class text, value text, rule text)
ON COMMIT DROP
