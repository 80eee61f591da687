-- name: list_marked_tables :one
-- Tables with a legacy id that stands for its second row, and tables of which rows were refused.
SELECT ARRAY(SELECT DISTINCT i."table" FROM etl.reissued AS i), ARRAY(SELECT DISTINCT r."table" FROM etl.refused AS r)
