-- What the latest snapshot says of a claimed user: it counts again when the claim is taken back.
ALTER TABLE etl.legacy_user_map
    ADD COLUMN IF NOT EXISTS seen_email text,
    ADD COLUMN IF NOT EXISTS seen_verified boolean
