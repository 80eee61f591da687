-- Is the staging table another than the one that was written?
SELECT d.digest <> (SELECT coalesce(sum(hashtextextended(s::text, 0)), 0)::text FROM {staging} AS s)
FROM etl.staged AS d WHERE d."table" = {table}
