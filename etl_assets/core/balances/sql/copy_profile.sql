-- Values of profiles as CSV.
COPY pg_temp.etl_profile_batch (legacy_user_id, value, "column", storage_class, cell, rule)
FROM STDIN (FORMAT csv, ENCODING 'UTF8')
