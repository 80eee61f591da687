-- The waves that brought rows of a user.
SELECT DISTINCT l.wave FROM etl.loaded AS l WHERE l.legacy_user_id = %(user)s AND l.wave IS NOT NULL ORDER BY 1
