-- The guide's step 5, data integrity. Users are counted apart: `count(DISTINCT ...)` would sort all rows.
SELECT u.users, w.*
FROM (SELECT {wanted} FROM {staging} AS s) AS w,
     (SELECT count(*) AS users FROM (
          SELECT DISTINCT s._legacy_user_id FROM {staging} AS s WHERE s._legacy_user_id IS NOT NULL) AS d) AS u
