-- name: find_last_wave :first
-- The last wave whose load came to its end, with the staging that it saw.
SELECT w.staging FROM etl.waves AS w WHERE w.loaded_at IS NOT NULL ORDER BY w.loaded_at DESC LIMIT 1

-- name: find_last_key :one
-- The latest sealed wave.
SELECT max(w.wave) FROM etl.waves AS w
