-- Tables of which rows were refused.
SELECT DISTINCT r."table" FROM etl.refused AS r
