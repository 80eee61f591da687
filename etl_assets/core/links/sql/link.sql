-- A table's rows with their state.
SELECT y.*, {state} AS _state
FROM ({rows}) AS y
