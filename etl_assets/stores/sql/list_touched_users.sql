-- The owners of the rows, and of the balances, in question.
SELECT DISTINCT l.legacy_user_id
FROM pg_temp.etl_undo AS u
JOIN etl.loaded AS l ON l."table" = u."table" AND l.legacy_id = u.legacy_id
WHERE l.legacy_user_id IS NOT NULL
UNION
SELECT b.legacy_user_id FROM etl.balances AS b WHERE b.wave = %(wave)s
