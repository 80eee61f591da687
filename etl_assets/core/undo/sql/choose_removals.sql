-- Everything of these users, and everything that this wave brought to others.
INSERT INTO pg_temp.etl_undo ("table", legacy_id, new_id, how)
SELECT l."table", l.legacy_id, l.new_id, 'remove' FROM etl.loaded AS l
WHERE l.legacy_user_id = ANY (%(users)s) OR l.wave = %(wave)s
