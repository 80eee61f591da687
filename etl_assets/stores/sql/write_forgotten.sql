-- From here on no snapshot brings this person back.
INSERT INTO etl.forgotten (keyed, run, rows) VALUES (%(keyed)s, %(run)s, %(rows)s::jsonb)
