-- Rows of one table that are to be removed, or given their former values.
SELECT count(*) FROM pg_temp.etl_undo AS u WHERE u."table" = {table} AND u.how = %(how)s
