-- name: list_legacy_changes :many {found, id, id_type, links, repeated, staged, table, target}
-- Loaded rows that the legacy app has changed or removed since, with what became of them in production.
SELECT {table}, c.legacy_id, c.change
FROM (
    SELECT l.legacy_id,
           CASE WHEN k._legacy_id IS NULL AND EXISTS (
                    SELECT FROM etl.quarantine AS q WHERE q."table" = {table} AND q.legacy_id = l.legacy_id)
                    THEN 'new_version_refused'
                WHEN k._legacy_id IS NULL AND EXISTS (
                    SELECT FROM etl.excluded AS e
                    WHERE e."table" = {table} AND e.legacy_id = l.legacy_id AND e.reason <> 'vanished') THEN NULL
                WHEN k._legacy_id IS NULL AND l.legacy_id IN ({repeated}) THEN 'key_repeats_in_legacy'
                WHEN k._legacy_id IS NULL THEN 'vanished_in_legacy'
                WHEN {staged} = l.digest THEN NULL
                WHEN t.{id} IS NULL THEN 'changed_in_legacy_and_removed_in_production'
                WHEN {found} <> l.digest THEN 'changed_on_both_sides'
                ELSE 'changed_in_legacy' END AS change
    FROM etl.loaded AS l
    LEFT JOIN ({links}) AS k ON k._legacy_id = l.legacy_id AND k._reason IS DISTINCT FROM 'id_given_to_another_row'
    LEFT JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
    WHERE l."table" = {table}) AS c
WHERE c.change IS NOT NULL
ORDER BY c.legacy_id

-- name: list_balance_changes :many {users}
-- Users whose balance the legacy app has changed since it was applied: what was applied, what it is now, the difference.
SELECT u.legacy_user_id, u.applied::text, u.legacy::text, (u.legacy - u.applied)::text, u.change
FROM ({users}) AS u WHERE u.is_changed ORDER BY u.legacy_user_id
