-- Values of profiles and their faults pass through here.
CREATE TEMP TABLE IF NOT EXISTS etl_profile_batch (
    legacy_user_id text, value text, "column" text, storage_class text, cell text, rule text) ON COMMIT DROP
