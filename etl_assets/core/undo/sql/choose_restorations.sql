-- Rows of others that this wave wrote over.
INSERT INTO pg_temp.etl_undo ("table", legacy_id, new_id, how)
SELECT DISTINCT f."table", f.legacy_id, l.new_id, 'restore'
FROM etl.former AS f
JOIN etl.loaded AS l ON l."table" = f."table" AND l.legacy_id = f.legacy_id
WHERE f.wave = %(wave)s
ON CONFLICT DO NOTHING
