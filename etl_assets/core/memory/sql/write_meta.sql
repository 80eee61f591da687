-- A fact, once.
INSERT INTO etl.meta (key, value) VALUES (%(key)s, %(value)s) ON CONFLICT (key) DO NOTHING
