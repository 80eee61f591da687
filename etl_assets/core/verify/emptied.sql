-- name: list_emptied_waves :many {id, id_type, profiles, table, target}
-- What each wave loaded into a table, and how much of it is there; without rows whose account is gone.
SELECT l.wave, count(*), count(t.{id})
FROM etl.loaded AS l
LEFT JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
LEFT JOIN etl.legacy_user_map AS m ON m.legacy_user_id = l.legacy_user_id
WHERE l."table" = {table}
  AND (m.supabase_user_id IS NULL OR EXISTS (SELECT FROM {profiles} AS p WHERE p.id = m.supabase_user_id))
GROUP BY l.wave

-- name: strike_gone :one (wave) {id, id_type, profiles, table, target}
-- Rows of one wave that are gone leave the ledger, and what was kept of their former values.
WITH struck AS (
    DELETE FROM etl.loaded AS l
    WHERE l."table" = {table} AND coalesce(l.wave, '') = %(wave)s
      AND NOT EXISTS (SELECT FROM {target} AS t WHERE t.{id} = l.new_id::{id_type})
      AND NOT EXISTS (SELECT FROM etl.legacy_user_map AS m
                      WHERE m.legacy_user_id = l.legacy_user_id AND m.supabase_user_id IS NOT NULL
                        AND NOT EXISTS (SELECT FROM {profiles} AS p WHERE p.id = m.supabase_user_id))
    RETURNING l.legacy_id),
former AS (
    DELETE FROM etl.former AS f USING struck AS s WHERE f."table" = {table} AND f.legacy_id = s.legacy_id)
SELECT count(*) FROM struck
