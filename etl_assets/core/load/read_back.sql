-- name: read_back :one {differs, id, id_type, of_users, table, target}
-- What this transaction loaded for these users, read back at its end: rows that are not there as the ledger has them.
SELECT count(*), (array_agg(l.legacy_id ORDER BY l.legacy_id))[1:6]
FROM etl.loaded AS l
LEFT JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
WHERE l."table" = {table} AND l.xid = pg_current_xact_id()::xid {of_users}
  AND {differs}

-- name: take_versions :exec {id, id_type, of_users, table, target}
-- Rows that a trigger of the app wrote to as they were loaded: their version is the one that it made.
UPDATE etl.loaded AS l SET xid = t.xmin
FROM {target} AS t
WHERE l."table" = {table} AND l.xid = pg_current_xact_id()::xid {of_users}
  AND t.{id} = l.new_id::{id_type} AND t.xmin <> l.xid

-- name: count_lacking :one {id, id_type, lacks, links, table, target}
-- Loaded rows that have nothing where the legacy app has something.
SELECT count(*), (array_agg(l.legacy_id ORDER BY l.legacy_id))[1:6]
FROM etl.loaded AS l
JOIN ({links}) AS k ON k._legacy_id = l.legacy_id AND k._reason IS DISTINCT FROM 'id_given_to_another_row'
JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
WHERE l."table" = {table} AND ({lacks})

-- name: take_digests :exec {found, id, id_type, is_equal, links, table, target}
-- Loaded rows that are what is staged now, and of which the digest is one of other columns.
UPDATE etl.loaded AS o SET digest = y.digest
FROM (SELECT l.legacy_id, {found} AS digest
      FROM etl.loaded AS l
      JOIN ({links}) AS k ON k._legacy_id = l.legacy_id AND k._reason IS DISTINCT FROM 'id_given_to_another_row'
      JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
      WHERE l."table" = {table} AND {is_equal}) AS y
WHERE o."table" = {table} AND o.legacy_id = y.legacy_id AND o.digest <> y.digest

-- name: can_be_altered :one (tables)
-- Does anything of the app run when rows of these tables or of their partitions are written: a trigger or a rule? In a dry
-- run, which is one transaction, each of ours is a savepoint, whose rows bear another mark than the transaction's.
WITH relations AS (
    SELECT n.name::regclass AS id FROM unnest(%(tables)s::text[]) AS n (name)
    UNION
    SELECT p.relid FROM unnest(%(tables)s::text[]) AS n (name), pg_partition_tree(n.name::regclass) AS p)
SELECT EXISTS (SELECT FROM pg_trigger AS t JOIN relations AS r ON r.id = t.tgrelid
               WHERE NOT t.tgisinternal AND t.tgenabled <> 'D')
       OR EXISTS (SELECT FROM pg_rewrite AS w JOIN relations AS r ON r.id = w.ev_class WHERE w.ev_type <> '1')
       OR current_setting('etl_assets.dry', true) = 'on'

-- name: count_strays :one
--     {content, fires, id, id_type, keys, names, of_accounts, of_users, staging, table, tables, target, values}
-- Rows of production that the ledger does not know, of whichever legacy table they came. One that equals a loaded row in everything but its id was doubled;
-- one that a loading transaction wrote is our fault, unless a trigger that the operator lets fire may have written it.
-- The native rows of an app that is in use are first compared by columns that are cheap to hash, and what is left by its
-- text.
WITH ours AS MATERIALIZED (SELECT DISTINCT l.xid FROM etl.loaded AS l WHERE true {of_users}),
beside AS MATERIALIZED (
    SELECT t.{id} AS _id, t.xmin AS _xid, {content} AS _content, {keys}
    FROM {target} AS t
    WHERE NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = ANY ({tables}) AND l.new_id::{id_type} = t.{id} {of_users})
      {of_accounts}),
alike AS MATERIALIZED (
    SELECT l.legacy_id, hashtextextended({content}::text, 0::bigint) AS _hash, {keys}
    FROM etl.loaded AS l
    JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
    WHERE l."table" = {table} {of_users} AND ({values}) IN (SELECT {names} FROM beside)),
twins AS (
    SELECT b._id, min(k.legacy_id) AS legacy_id
    FROM (SELECT _id, hashtextextended(_content::text, 0::bigint) AS _hash FROM beside
          WHERE ({names}) IN (SELECT {names} FROM alike)) AS b
    JOIN alike AS k ON k._hash = b._hash
    GROUP BY b._id),
judged AS (
    SELECT b._id::text AS id, w.legacy_id, w._id IS NOT NULL AS is_twin,
           o.xid IS NOT NULL
           AND (w._id IS NOT NULL OR NOT {fires} OR b._id IN (SELECT s._new_id FROM {staging} AS s)) AS is_fault
    FROM beside AS b
    LEFT JOIN ours AS o ON o.xid = b._xid
    LEFT JOIN twins AS w ON w._id = b._id)
SELECT count(*) FILTER (WHERE is_fault),
       count(*) FILTER (WHERE is_twin AND NOT is_fault),
       (array_agg(id ORDER BY id) FILTER (WHERE is_fault))[1:6],
       (array_agg(legacy_id ORDER BY legacy_id) FILTER (WHERE is_twin AND NOT is_fault))[1:6]
FROM judged

-- name: find_place :one (table)
-- The table's own number, and that of the file that holds it; a partitioned one has none.
SELECT c.oid || '/' || coalesce(pg_relation_filenode(c.oid), 0) FROM pg_class AS c WHERE c.oid = %(table)s::regclass
