-- 1 when a table without a key is not what it was when its rows were loaded.
SELECT count(*), ARRAY[]::text[]
FROM etl.staged AS d
JOIN etl.meta AS m ON m.key = 'frozen ' || d."table"
WHERE d."table" = {table} AND m.value <> d.content
