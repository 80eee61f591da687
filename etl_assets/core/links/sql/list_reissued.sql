-- Legacy ids of loaded rows that another user's row has now, which was made at another moment.
SELECT s._legacy_id, s._created
FROM {staging} AS s
JOIN etl.loaded AS l ON l."table" = {table} AND l.legacy_id = s._legacy_id
JOIN ({owners}) AS o ON o.legacy_id = s._legacy_id
WHERE hashtextextended(s._created, 0::bigint) <> l.created
  AND o.legacy_user_id IS NOT NULL AND o.legacy_user_id IS DISTINCT FROM l.legacy_user_id
