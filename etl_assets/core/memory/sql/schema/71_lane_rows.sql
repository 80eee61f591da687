-- As many as LANES.
INSERT INTO etl.lanes (lane) VALUES (0), (1) ON CONFLICT DO NOTHING
