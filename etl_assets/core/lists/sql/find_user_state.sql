-- One user's state of this moment.
SELECT s.state, s.reason FROM ({states}) AS s
