-- name: list_suppressions :many
-- Everybody who was forgotten.
SELECT f.keyed, f.by_address, f.by_created FROM etl.forgotten AS f
