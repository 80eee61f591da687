-- A wave that is run again after it, or one of its users, was undone.
UPDATE etl.waves SET users = users + %(users)s, run = %(run)s, undone_at = NULL, loaded_at = NULL, verified_at = NULL
WHERE wave = %(wave)s
