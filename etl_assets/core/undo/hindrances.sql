-- name: list_changed_since :many (in_use) {found, id, id_type, table, target}
-- Rows in question that are not what was written, or that somebody else has written to since, in whichever column: a
-- row version carries the transaction that made it (PostgreSQL docs, "System Columns"). Somebody works with them.
SELECT u.legacy_id
FROM pg_temp.etl_undo AS u
JOIN etl.loaded AS l ON l."table" = u."table" AND l.legacy_id = u.legacy_id
JOIN {target} AS t ON t.{id} = u.new_id::{id_type}
WHERE u."table" = {table} AND ({found} <> l.digest OR t.xmin <> l.xid) AND (u.how = 'restore' OR NOT %(in_use)s)
ORDER BY u.legacy_id

-- name: list_written_later :many (users, wave) {table}
-- Rows that another wave has written over since: their former values cannot come back, and they cannot go alone.
SELECT u.legacy_id
FROM pg_temp.etl_undo AS u
JOIN etl.loaded AS l ON l."table" = u."table" AND l.legacy_id = u.legacy_id
WHERE u."table" = {table} AND NOT coalesce(l.legacy_user_id = ANY (%(users)s), false)
  AND EXISTS (
      SELECT FROM etl.former AS f
      WHERE f."table" = u."table" AND f.legacy_id = u.legacy_id AND f.wave IS DISTINCT FROM %(wave)s AND f.filled IS NULL
        AND (u.how = 'remove'
             OR f.id > (SELECT max(o.id) FROM etl.former AS o WHERE o."table" = u."table"
                          AND o.legacy_id = u.legacy_id AND o.wave = %(wave)s)))
ORDER BY u.legacy_id

-- name: list_gone_since :many {id, id_type, profiles, table, target}
-- Rows in question that are not in production any more, although the account is.
SELECT u.legacy_id
FROM pg_temp.etl_undo AS u
JOIN etl.loaded AS l ON l."table" = u."table" AND l.legacy_id = u.legacy_id
LEFT JOIN etl.legacy_user_map AS m ON m.legacy_user_id = l.legacy_user_id
WHERE u."table" = {table} AND u.how = 'remove'
  AND (m.supabase_user_id IS NULL OR EXISTS (SELECT FROM {profiles} AS p WHERE p.id = m.supabase_user_id))
  AND NOT EXISTS (SELECT FROM {target} AS t WHERE t.{id} = u.new_id::{id_type})
ORDER BY u.legacy_id

-- name: count_in_question :one (how) {table}
-- Rows of one table that are to be removed, or given their former values.
SELECT count(*) FROM pg_temp.etl_undo AS u WHERE u."table" = {table} AND u.how = %(how)s

-- name: read_referring :many (table)
-- Foreign keys that refer to a table, or to a partition of it: the referring table, its columns, and the columns referred to.
SELECT s.nspname, r.relname,
       ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY AS k (attnum, n)
             JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.attnum ORDER BY k.n),
       ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY AS k (attnum, n)
             JOIN pg_attribute AS a ON a.attrelid = c.confrelid AND a.attnum = k.attnum ORDER BY k.n)
FROM pg_constraint AS c
JOIN pg_class AS r ON r.oid = c.conrelid
JOIN pg_namespace AS s ON s.oid = r.relnamespace
WHERE (c.confrelid = %(table)s::regclass
       OR c.confrelid IN (SELECT p.relid FROM pg_partition_tree(%(table)s::regclass) AS p))
  AND c.contype = 'f' AND c.conparentid = 0
ORDER BY c.conname

-- name: list_referring :many {child, id, id_type, same, stays, table, target}
-- Rows to be removed to which a row refers that stays: one of the new app's own, or one of another user.
SELECT DISTINCT u.legacy_id
FROM pg_temp.etl_undo AS u
JOIN {target} AS t ON t.{id} = u.new_id::{id_type}
JOIN {child} AS c ON {same}
WHERE u."table" = {table} AND u.how = 'remove' AND {stays}
ORDER BY u.legacy_id

-- name: is_not_undone :fragment {id, id_type, table}
-- The referring row is not among those that go.
NOT EXISTS (SELECT FROM pg_temp.etl_undo AS g
            WHERE g."table" = {table} AND g.how = 'remove' AND g.new_id::{id_type} = c.{id})

-- name: list_naming :many (users) {column, id, id_type, table, target}
-- Rows of ours that stay, of other users, and name an account whose claim is taken back: as a reviewer, say.
SELECT l.legacy_id
FROM etl.loaded AS l
JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
JOIN etl.legacy_user_map AS m ON m.supabase_user_id = t.{column} AND m.legacy_user_id = ANY (%(users)s)
WHERE l."table" = {table}
  AND NOT EXISTS (SELECT FROM pg_temp.etl_undo AS u
                  WHERE u."table" = l."table" AND u.legacy_id = l.legacy_id AND u.how = 'remove')
ORDER BY l.legacy_id

-- name: is_in_list :fragment {column, id}
-- A list has the id of a row.
{id}::text = ANY ({column}::text[])

-- name: is_in_json :fragment {column, id, path}
-- A JSON value has the id of a row where the spec says that ids stand.
{id}::text IN (SELECT v #>> '{{}}' FROM jsonb_path_query({column}::jsonb, {path}::jsonpath, silent => true) AS v)
