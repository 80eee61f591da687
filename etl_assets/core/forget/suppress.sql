-- name: write_again :exec (by_address, by_created, keyed, run)
-- Somebody who was forgotten before the target was put back; how many rows went then is not known any more.
INSERT INTO etl.forgotten (keyed, by_address, by_created, run)
VALUES (%(keyed)s, %(by_address)s, %(by_created)s, %(run)s)
