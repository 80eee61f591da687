-- Corrections of rows that the legacy database does not have.
SELECT count(*), (array_agg(c.legacy_id ORDER BY c.legacy_id))[1:6]
FROM etl.corrections AS c WHERE c."table" = {table} AND NOT c.found
