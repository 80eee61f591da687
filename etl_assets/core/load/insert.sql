-- name: load_table :one (wave) {columns, expected, found, held, id, is_orphan, links, of_users, sorting, table, target}
-- Inserts what is ready, reads each row back as it was written, and enters it into the ledger: one statement.
WITH batch AS MATERIALIZED (
    SELECT k.*, {expected} AS _digest FROM ({links}) AS k WHERE k._reason IS NULL {of_users}),
{held}
written AS (
    INSERT INTO {target} AS t ({columns}) OVERRIDING SYSTEM VALUE
    SELECT {columns} FROM batch ORDER BY {sorting}
    RETURNING t.{id} AS _new_id, {found} AS _digest),
judged AS MATERIALIZED (
    SELECT b._legacy_id, b._new_id, b._created, b._legacy_user_id, w._digest, w._digest IS DISTINCT FROM b._digest AS _differs
    FROM batch AS b LEFT JOIN written AS w ON w._new_id = b._new_id),
entered AS (
    INSERT INTO etl.loaded ("table", legacy_id, new_id, legacy_user_id, wave, digest, xid, created)
    SELECT {table}, j._legacy_id, j._new_id::text, j._legacy_user_id, %(wave)s, j._digest, pg_current_xact_id()::xid,
           hashtextextended(j._created, 0::bigint)
    FROM judged AS j WHERE j._digest IS NOT NULL
    RETURNING 1),
found AS (
    SELECT count(*) AS batch,
           count(*) FILTER (WHERE j._differs AND j._digest IS NOT NULL) AS changed,
           (array_agg(j._legacy_id ORDER BY j._legacy_id) FILTER (WHERE j._differs))[1:6] AS sample,
           coalesce(sum(hashtextextended(j._digest::text, 0::bigint)), 0)::text AS digest
    FROM judged AS j)
SELECT f.batch, (SELECT count(*) FROM entered), f.changed, f.sample, f.digest, o.*
FROM found AS f,
     (SELECT count(*), (array_agg(b._legacy_id ORDER BY b._legacy_id))[1:6] FROM batch AS b WHERE {is_orphan}) AS o

-- name: adopt_rows :exec {expected, found, id, links, table, target}
-- Lookup rows that the target has already, equal in every loaded column, become ours without being written.
INSERT INTO etl.loaded ("table", legacy_id, new_id, legacy_user_id, wave, digest, xid, created)
SELECT {table}, k._legacy_id, k._new_id::text, NULL, NULL, {found}, t.xmin, hashtextextended(k._created, 0::bigint)
FROM ({links}) AS k
JOIN {target} AS t ON t.{id} = k._new_id
WHERE k._reason IS NULL AND {found} = {expected}

-- name: raise_sequence :exec (sequence) {id, staging, target}
-- The target's next native id comes after every kept one, those that still wait included.
SELECT setval(%(sequence)s::regclass, greatest(
    (SELECT max({id}) FROM {target}), (SELECT max(_new_id) FROM {staging}), nextval(%(sequence)s::regclass) - 1, 1))
