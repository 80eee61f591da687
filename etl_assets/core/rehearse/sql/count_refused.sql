-- What the target refused in a run: tables, rules, rows, a few legacy ids.
SELECT r."table", r.rule, count(*), (array_agg(r.legacy_id ORDER BY r.legacy_id))[1:6]
FROM etl.refused AS r WHERE r.run = %(run)s GROUP BY 1, 2 ORDER BY 1, 2
