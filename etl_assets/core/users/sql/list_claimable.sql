-- Of these users, those whom a wave would take now.
SELECT s.legacy_user_id FROM ({states}) AS s WHERE s.state = 'claimable'
