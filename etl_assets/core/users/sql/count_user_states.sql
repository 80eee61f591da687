-- Legacy users per state.
SELECT s.state, count(*) FROM ({states}) AS s GROUP BY s.state
