-- The one row.
INSERT INTO etl.writer (only_one) VALUES (true) ON CONFLICT DO NOTHING
