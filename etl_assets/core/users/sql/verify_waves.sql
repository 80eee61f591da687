-- Everything that was loaded has been read back.
UPDATE etl.waves SET verified_at = clock_timestamp() WHERE loaded_at IS NOT NULL AND verified_at IS NULL
