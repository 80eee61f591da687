-- From here on no snapshot brings this person back.
INSERT INTO etl.forgotten (keyed, by_address, by_created, run, rows)
VALUES (%(keyed)s, %(by_address)s, %(by_created)s, %(run)s, %(rows)s::jsonb)
