-- name: list_sample :many (count, seed) {states}
-- The first claimable users in an order that the seed decides.
SELECT s.legacy_user_id FROM ({states}) AS s WHERE s.state = 'claimable'
ORDER BY md5(%(seed)s || '/' || s.legacy_user_id), s.legacy_user_id LIMIT %(count)s

-- name: list_claimable :many {states}
-- Of these users, those whom a wave would take now.
SELECT s.legacy_user_id FROM ({states}) AS s WHERE s.state = 'claimable'

-- name: list_referenced_users :many (users) {owners, ref, staging}
-- Second users, such as reviewers, whom these users' rows name.
SELECT DISTINCT {ref}
FROM ({owners}) AS o
JOIN {staging} AS s ON s._legacy_id = o.legacy_id
WHERE o.legacy_user_id = ANY (%(users)s) AND {ref} IS NOT NULL

-- name: list_referenced_owners :many (users) {owners, parents, ref, staging}
-- Owners of the rows to which these users' rows refer.
SELECT DISTINCT p.legacy_user_id
FROM ({owners}) AS o
JOIN {staging} AS s ON s._legacy_id = o.legacy_id
JOIN ({parents}) AS p ON p.legacy_id = {ref}
WHERE o.legacy_user_id = ANY (%(users)s) AND p.legacy_user_id IS NOT NULL
