-- name: list_reissued :many {owners, staging, table}
-- Legacy ids of loaded rows that another user's row has now, which was made at another moment.
SELECT s._legacy_id, s._created
FROM {staging} AS s
JOIN etl.loaded AS l ON l."table" = {table} AND l.legacy_id = s._legacy_id
JOIN ({owners}) AS o ON o.legacy_id = s._legacy_id
WHERE hashtextextended(s._created, 0::bigint) <> l.created
  AND o.legacy_user_id IS NOT NULL AND o.legacy_user_id IS DISTINCT FROM l.legacy_user_id

-- name: retire_keys :exec (ids, keys) {table}
-- The first row keeps its line in the ledger, under the legacy id and when it was made; the legacy id stands for the
-- second one from now on.
WITH given AS (
    SELECT k.key, k.id::uuid AS new_id FROM unnest(%(keys)s::text[], %(ids)s::text[]) AS k (key, id)),
noted AS (
    INSERT INTO etl.reissued ("table", legacy_id, new_id, former_id)
    SELECT {table}, g.key, g.new_id, coalesce(i.former_id, l.new_id::uuid)
    FROM given AS g
    JOIN etl.loaded AS l ON l."table" = {table} AND l.legacy_id = g.key
    LEFT JOIN etl.reissued AS i ON i."table" = {table} AND i.legacy_id = g.key
    ON CONFLICT ("table", legacy_id) DO UPDATE SET new_id = EXCLUDED.new_id),
before AS (
    UPDATE etl.former AS f SET legacy_id = f.legacy_id || '#' || to_hex(l.created)
    FROM given AS g JOIN etl.loaded AS l ON l."table" = {table} AND l.legacy_id = g.key
    WHERE f."table" = {table} AND f.legacy_id = g.key)
UPDATE etl.loaded AS l SET legacy_id = l.legacy_id || '#' || to_hex(l.created)
FROM given AS g
WHERE l."table" = {table} AND l.legacy_id = g.key
