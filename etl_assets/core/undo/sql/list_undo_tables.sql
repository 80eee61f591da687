-- The tables of the rows in question.
SELECT DISTINCT u."table" FROM pg_temp.etl_undo AS u
