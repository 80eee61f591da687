-- The number that the sequence gave last.
SELECT s.last_value FROM {sequence} AS s
