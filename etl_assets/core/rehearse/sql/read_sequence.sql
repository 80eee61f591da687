-- The number that the sequence gave last, or gives first.
SELECT s.last_value, s.is_called FROM {sequence} AS s
