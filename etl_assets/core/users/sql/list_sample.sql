-- The first claimable users in an order that the seed decides.
SELECT s.legacy_user_id FROM ({states}) AS s WHERE s.state = 'claimable'
ORDER BY md5(%(seed)s || '/' || s.legacy_user_id), s.legacy_user_id LIMIT %(count)s
