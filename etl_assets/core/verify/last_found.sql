-- name: keep_found :exec (found, what)
-- In the place of what was found before.
INSERT INTO etl.last_found AS f (what, found) VALUES (%(what)s, %(found)s::jsonb)
ON CONFLICT (what) DO UPDATE SET found = EXCLUDED.found, at = clock_timestamp()

-- name: find_found :first (what)
-- What was found last.
SELECT f.found FROM etl.last_found AS f WHERE f.what = %(what)s
