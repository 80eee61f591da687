-- The books as they close for the last time.
INSERT INTO etl.final_books (run, books) VALUES (%(run)s, %(books)s::jsonb)
ON CONFLICT (only_one) DO UPDATE SET run = excluded.run, books = excluded.books, at = clock_timestamp()
