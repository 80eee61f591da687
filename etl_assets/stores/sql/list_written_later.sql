-- Rows whose former values would come back, but that a later wave has written over again.
SELECT u.legacy_id
FROM pg_temp.etl_undo AS u
WHERE u."table" = {table} AND u.how = 'restore'
  AND EXISTS (SELECT FROM etl.former AS f WHERE f."table" = u."table" AND f.legacy_id = u.legacy_id
                AND f.id > (SELECT max(o.id) FROM etl.former AS o WHERE o."table" = u."table"
                              AND o.legacy_id = u.legacy_id AND o.wave = %(wave)s))
ORDER BY u.legacy_id
