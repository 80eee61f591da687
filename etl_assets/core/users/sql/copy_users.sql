-- Users as CSV.
COPY pg_temp.etl_users_batch (legacy_user_id, email, email_key, verified, created_at, created_value) FROM STDIN (FORMAT csv, ENCODING 'UTF8')
