-- The corrections by table and reason: corrected cells, dropped rows, and those whose row is not there.
SELECT c."table", c.reason,
       count(*) FILTER (WHERE c.found AND c."column" IS NOT NULL),
       count(*) FILTER (WHERE c.found AND c."column" IS NULL),
       count(*) FILTER (WHERE NOT c.found)
FROM etl.corrections AS c GROUP BY c."table", c.reason ORDER BY c."table", c.reason
