-- When the user signed up as the legacy app writes it, at the claim and now; and whether the legacy id is another person's
-- by now, or may be: what arrives under it waits for an operator's word.
ALTER TABLE etl.legacy_user_map
    ADD COLUMN IF NOT EXISTS created_value text,
    ADD COLUMN IF NOT EXISTS seen_created_value text,
    ADD COLUMN IF NOT EXISTS is_another boolean NOT NULL DEFAULT false
