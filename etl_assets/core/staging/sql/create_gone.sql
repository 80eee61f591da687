-- Keys of rows that the former export had and the new one has not, or not as they were.
CREATE TEMP TABLE etl_gone (legacy_id text PRIMARY KEY) ON COMMIT DROP
