-- Of these candidates, those whom a wave would take now.
SELECT count(*) FROM ({states}) AS s WHERE s.state = 'claimable'
