-- How many, over all tables.
SELECT count(*), (array_agg(r.legacy_id ORDER BY r.legacy_id))[1:6] FROM ({rows}) AS r
