-- Refused cells by column and rule, with a few legacy ids.
SELECT q."table", q."column", q.rule, count(*), (array_agg(q.legacy_id ORDER BY q.legacy_id))[1:6]
FROM etl.quarantine AS q GROUP BY q."table", q."column", q.rule ORDER BY q."table", q."column", q.rule
