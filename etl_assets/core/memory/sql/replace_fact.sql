-- A fact that may change.
INSERT INTO etl.meta (key, value) VALUES (%(key)s, %(value)s)
ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, written_at = clock_timestamp()
