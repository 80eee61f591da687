-- A digest of the staging table as it stands, in no order: a sum of one hash per row.
UPDATE etl.staged AS d
SET digest = (SELECT coalesce(sum(hashtextextended(s::text, 0)), 0)::text FROM {staging} AS s)
WHERE d."table" = {table}
RETURNING d.digest
