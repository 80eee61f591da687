-- The wave is as if it had not been; its key stays taken.
UPDATE etl.waves SET users = 0, undone_at = clock_timestamp() WHERE wave = %(wave)s
