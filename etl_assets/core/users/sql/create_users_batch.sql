-- Users pass through here on their way into the map.
CREATE TEMP TABLE etl_users_batch (
    legacy_user_id text PRIMARY KEY, email text, email_key text, verified boolean NOT NULL,
    created_at timestamptz, created_value text)
ON COMMIT DROP
