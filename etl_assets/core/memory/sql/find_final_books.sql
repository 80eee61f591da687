-- The books as they stood at the cleanup, where there was one.
SELECT f.books FROM etl.final_books AS f
