-- name: copy_out_quarantine :many
-- Every refused cell, for people.
SELECT q."table", q.legacy_id, q."column", q.storage_class, q.value, q.rule
FROM etl.quarantine AS q
WHERE NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = q."table" AND l.legacy_id = q.legacy_id)
ORDER BY q."table", q.legacy_id, q."column"

-- name: copy_out_links :many {places, table}
-- Every row that its links or the target's constraints keep back, for people.
SELECT {table}, p.legacy_id, p."column", NULL::text, p.value,
       p.reason || coalesce(': ' || p.rule, '')
FROM ({places}) AS p ORDER BY p.legacy_id
