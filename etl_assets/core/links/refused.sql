-- name: list_refused_tables :many
-- Tables of which rows were refused.
SELECT DISTINCT r."table" FROM etl.refused AS r
