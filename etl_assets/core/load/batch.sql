-- name: gather_batch :exec {batch, columns, links, of_users, sorting}
-- What is ready, with the values that production gets. It is read three times; as a part of one statement with what
-- follows, each wide row would pass through as many stores of Postgres'.
CREATE TEMP TABLE {batch} ON COMMIT DROP AS
SELECT k._legacy_id, k._new_id, k._created, k._legacy_user_id, {columns}
FROM ({links}) AS k WHERE k._reason IS NULL {of_users}
ORDER BY k.{sorting}

-- name: prune_batch :exec {batch, is_left_out, staging}
-- Rows that name one of their circle which neither is there nor comes along.
DELETE FROM pg_temp.{batch} AS b USING {staging} AS s
WHERE s._legacy_id = b._legacy_id AND ({is_left_out})

-- name: is_left_out :fragment {parent_batch, parent_staging, parent_table, ref}
-- A row is named that is staged, not loaded and in no batch.
{ref} IS NOT NULL
AND EXISTS (SELECT FROM {parent_staging} AS p WHERE p._legacy_id = {ref})
AND NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = {parent_table} AND l.legacy_id = {ref})
AND NOT EXISTS (SELECT FROM pg_temp.{parent_batch} AS c WHERE c._legacy_id = {ref})

-- name: count_rows_of_users :many {batch}
-- How many rows of each user are in the batch.
SELECT b._legacy_user_id, count(*) FROM pg_temp.{batch} AS b GROUP BY b._legacy_user_id

-- name: list_pairs_of_users :many {batch, parent_batch, ref, staging}
-- Users of whom a row of the batch names one of another user that comes along.
SELECT DISTINCT b._legacy_user_id, c._legacy_user_id
FROM pg_temp.{batch} AS b
JOIN {staging} AS s ON s._legacy_id = b._legacy_id
JOIN pg_temp.{parent_batch} AS c ON c._legacy_id = {ref}
WHERE c._legacy_user_id <> b._legacy_user_id

-- name: is_one_left_out :fragment {parent_batch, parent_staging, parent_table, ref}
-- One of many is.
EXISTS (SELECT FROM unnest({ref}) AS e (id)
        JOIN {parent_staging} AS p ON p._legacy_id = e.id
        WHERE NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = {parent_table} AND l.legacy_id = e.id)
          AND NOT EXISTS (SELECT FROM pg_temp.{parent_batch} AS c WHERE c._legacy_id = e.id))

-- name: insert_batch :one {batch, columns, held, is_orphan, target, values}
-- Writes the batch: rows, and those among them whose parent is not there.
WITH batch AS (SELECT * FROM pg_temp.{batch}),
{held}
written AS (
    INSERT INTO {target} AS t ({columns}) OVERRIDING SYSTEM VALUE SELECT {values} FROM pg_temp.{batch} RETURNING 1)
SELECT (SELECT count(*) FROM written), o.*
FROM (SELECT count(*), (array_agg(b._legacy_id ORDER BY b._legacy_id))[1:6] FROM batch AS b WHERE {is_orphan}) AS o

-- name: fill_batch :exec {batch, filled, id, named, target}
-- References to rows that are written by now: what the insert has left NULL.
UPDATE {target} AS t SET {filled} FROM pg_temp.{batch} AS b WHERE t.{id} = b._new_id AND ({named})

-- name: list_orphans :one {batch, named, parent, same}
-- Rows of the batch that name a row which is not there.
SELECT count(*), (array_agg(b._legacy_id ORDER BY b._legacy_id))[1:6]
FROM pg_temp.{batch} AS b
WHERE {named} AND NOT EXISTS (SELECT FROM {parent} AS t WHERE {same})

-- name: enter_batch :one (wave) {batch, found, id, is_equal, table, target}
-- Reads the batch back from production and enters each row that is there, every column the same to the last byte, into
-- the ledger: rows, and an order-free digest of them.
WITH entered AS (
    INSERT INTO etl.loaded ("table", legacy_id, new_id, legacy_user_id, wave, digest, xid, created)
    SELECT {table}, b._legacy_id, b._new_id::text, b._legacy_user_id, %(wave)s, {found}, pg_current_xact_id()::xid,
           hashtextextended(b._created, 0::bigint)
    FROM pg_temp.{batch} AS b
    JOIN {target} AS t ON t.{id} = b._new_id
    WHERE {is_equal}
    RETURNING digest)
SELECT count(*), coalesce(sum(hashtextextended(e.digest::text, 0::bigint)), 0)::text FROM entered AS e

-- name: list_differing :one {batch, id, is_equal, target}
-- Rows of the batch that are not in production as they were sent.
SELECT count(*), (array_agg(b._legacy_id ORDER BY b._legacy_id))[1:6]
FROM pg_temp.{batch} AS b
WHERE NOT EXISTS (SELECT FROM {target} AS t WHERE t.{id} = b._new_id AND {is_equal})

-- name: drop_batch :exec {batch}
-- A transaction loads several tables.
DROP TABLE pg_temp.{batch}
