-- Rows that another wave has written over since: their former values cannot come back, and they cannot go alone.
SELECT u.legacy_id
FROM pg_temp.etl_undo AS u
JOIN etl.loaded AS l ON l."table" = u."table" AND l.legacy_id = u.legacy_id
WHERE u."table" = {table} AND NOT coalesce(l.legacy_user_id = ANY (%(users)s), false)
  AND EXISTS (
      SELECT FROM etl.former AS f
      WHERE f."table" = u."table" AND f.legacy_id = u.legacy_id AND f.wave IS DISTINCT FROM %(wave)s
        AND (u.how = 'remove'
             OR f.id > (SELECT max(o.id) FROM etl.former AS o WHERE o."table" = u."table"
                          AND o.legacy_id = u.legacy_id AND o.wave = %(wave)s)))
ORDER BY u.legacy_id
