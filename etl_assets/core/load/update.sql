-- name: changed_rows :fragment {expected, found, id, is_equal, links, table, target}
-- Loaded rows that the legacy app has changed since, and that in production still are what was loaded.
({links}) AS k
JOIN etl.loaded AS l ON l."table" = {table} AND l.legacy_id = k._legacy_id
JOIN {target} AS t ON t.{id} = k._new_id
WHERE k._reason IS NULL AND NOT ({is_equal})
  AND {expected} <> l.digest AND {found} = l.digest

-- name: update_rows :one (run, wave)
--     {changed_rows, changes, columns, expected, former, found, id, of_users, table, target}
-- Writes changed legacy rows over production rows that still are what was loaded, keeps what stood there, and reads each
-- row back: one statement. A row that anybody else has changed is left alone.
WITH changed AS MATERIALIZED (
    SELECT k.*, {expected} AS _digest, l.digest AS _former
    FROM {changed_rows} {of_users}),
kept AS (
    INSERT INTO etl.former ("table", legacy_id, wave, run, digest, content)
    SELECT {table}, c._legacy_id, %(wave)s, %(run)s, c._former, jsonb_object({columns}, {former})
    FROM changed AS c
    JOIN {target} AS t ON t.{id} = c._new_id),
written AS (
    UPDATE {target} AS t SET {changes} FROM changed AS c WHERE t.{id} = c._new_id
    RETURNING c._legacy_id, c._digest AS _expected, {found} AS _digest),
entered AS (
    UPDATE etl.loaded AS l SET digest = w._digest, xid = pg_current_xact_id()::xid
    FROM written AS w WHERE l."table" = {table} AND l.legacy_id = w._legacy_id
    RETURNING 1)
SELECT (SELECT count(*) FROM changed),
       (SELECT count(*) FROM entered),
       (SELECT count(*) FROM written WHERE _expected <> _digest),
       ARRAY(SELECT c._legacy_id FROM changed AS c LEFT JOIN written AS w ON w._legacy_id = c._legacy_id
             WHERE w._digest IS DISTINCT FROM c._digest ORDER BY c._legacy_id LIMIT 6)

-- name: list_changed_users :many {changed_rows}
-- Users with a loaded row that the legacy app has changed since and that nobody has changed in production.
SELECT DISTINCT l.legacy_user_id
FROM {changed_rows}

-- name: find_changed_row :first {changed_rows}
-- One row that the legacy app has changed since and that nobody has changed in production.
SELECT l.legacy_id
FROM {changed_rows}
LIMIT 1
