-- name: find_counted :first (mark)
-- Are the books what they were counted from?
SELECT true FROM etl.counted AS c WHERE c.mark = %(mark)s

-- name: find_counted_by :first (run)
-- Were the books counted whole in this run?
SELECT true FROM etl.counted AS c WHERE c.run = %(run)s

-- name: write_counted :exec (mark, run)
-- From what the books were counted.
INSERT INTO etl.counted AS c (mark, run) VALUES (%(mark)s, %(run)s)
ON CONFLICT (only_one) DO UPDATE SET mark = EXCLUDED.mark, run = EXCLUDED.run, at = clock_timestamp(), is_carried = false

-- name: note_carried :exec
-- They are what a load made of them.
UPDATE etl.counted SET is_carried = true WHERE NOT is_carried

-- name: find_fresh :first (mark, run)
-- Were the books counted in this run, and not changed since?
SELECT true FROM etl.counted AS c WHERE c.mark = %(mark)s AND c.run = %(run)s AND NOT c.is_carried

-- name: void_counted :exec
-- The books are to be counted anew.
DELETE FROM etl.counted

-- name: carry :one
-- Read by the trigger that voids the books.
SELECT set_config('etl_assets.books', 'carried', true)
