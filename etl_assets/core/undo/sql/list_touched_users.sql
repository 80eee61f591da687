-- The owners of the rows, of the balances and of the profiles in question.
SELECT DISTINCT l.legacy_user_id
FROM pg_temp.etl_undo AS u
JOIN etl.loaded AS l ON l."table" = u."table" AND l.legacy_id = u.legacy_id
WHERE l.legacy_user_id IS NOT NULL
UNION
SELECT b.legacy_user_id FROM etl.balances AS b WHERE b.wave = %(wave)s
UNION
SELECT r.legacy_user_id FROM etl.profile_values AS r WHERE r.wave = %(wave)s
