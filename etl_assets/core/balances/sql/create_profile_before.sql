-- What profiles say before anything of a batch is written.
CREATE TEMP TABLE etl_profile_before (attribute text, legacy_user_id text, account uuid, held text) ON COMMIT DROP
