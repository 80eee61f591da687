-- Owners of the rows to which these users' rows refer.
SELECT DISTINCT p.legacy_user_id
FROM ({owners}) AS o
JOIN {staging} AS s ON s._legacy_id = o.legacy_id
JOIN ({parents}) AS p ON p.legacy_id = s.{ref}
WHERE o.legacy_user_id = ANY (%(users)s) AND p.legacy_user_id IS NOT NULL
