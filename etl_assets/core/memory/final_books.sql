-- name: find_final_books :first
-- The books as they stood at the cleanup, where there was one.
SELECT f.books FROM etl.final_books AS f

-- name: keep_final_books :exec (books, run)
-- The books as they close for the last time.
INSERT INTO etl.final_books (run, books) VALUES (%(run)s, %(books)s::jsonb)
ON CONFLICT (only_one) DO UPDATE SET run = excluded.run, books = excluded.books, at = clock_timestamp()
