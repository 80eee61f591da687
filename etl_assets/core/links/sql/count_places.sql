-- How many rows each reason has in each place.
SELECT p.reason, coalesce(p."column", 'constraint ' || p.rule), count(*)
FROM ({places}) AS p GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2
