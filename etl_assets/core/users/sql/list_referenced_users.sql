-- Second users, such as reviewers, whom these users' rows name.
SELECT DISTINCT s.{ref}
FROM ({owners}) AS o
JOIN {staging} AS s ON s._legacy_id = o.legacy_id
WHERE o.legacy_user_id = ANY (%(users)s) AND s.{ref} IS NOT NULL
