-- 1 when the staging table is absent, or was made with another spec or for another shape of the target.
SELECT 1 - count(*), ARRAY[]::text[]
FROM etl.staged AS d
WHERE d."table" = {table} AND d.spec_digest = %(spec_digest)s AND d.target_digest = %(target_digest)s
