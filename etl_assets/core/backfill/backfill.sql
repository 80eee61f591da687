-- name: has_parent :fragment {here, parent, there}
-- Does the row that a foreign key wants stand there, or does it want none?
(NOT ROW({here}) IS NOT NULL OR EXISTS (SELECT FROM {parent} AS p WHERE ({there}) = ({here})))

-- name: fill_columns :one (run)
--     {after, before, changes, columns, given, has_parents, id, id_type, is_empty, is_ours, is_same, links, rest, staged,
--     staged_before, table, target, texts}
-- Gives loaded rows the values of columns that the spec gained, and the ledger the digests over all columns: one
-- statement. A row that is not as it was loaded counts as changed since, whatever it is given. Where the app has a value
-- of its own, the ledger says what the legacy app has.
WITH due AS MATERIALIZED (
    SELECT k.*, l.legacy_id AS _fill_key, l.new_id::{id_type} AS _fill_id, l.digest AS _fill_former,
           {texts} AS _fill_before, {given} AS _fill_given, {rest} AS _fill_rest, {after} AS _fill_after,
           {before} = l.digest AS _fill_is_as_loaded, t.xmin = l.xid AS _fill_is_untouched,
           CASE WHEN {staged_before} = l.digest THEN {staged} END AS _fill_staged,
           CASE WHEN t.{id} IS NULL THEN 'gone'
                WHEN k._legacy_id IS NULL THEN 'unready'
                WHEN {is_same} THEN 'same'
                WHEN NOT ({is_ours} OR {is_empty}) THEN 'used'
                WHEN NOT ({has_parents}) THEN 'early'
                ELSE 'filled' END AS _fill_state
    FROM etl.loaded AS l
    LEFT JOIN ({links}) AS k ON k._legacy_id = l.legacy_id AND k._reason IS NULL
    LEFT JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
    WHERE l."table" = {table}),
written AS (
    UPDATE {target} AS t SET {changes} FROM due AS c WHERE t.{id} = c._fill_id AND c._fill_state = 'filled'
    RETURNING c._fill_key AS key, {after} AS digest, {rest} = c._fill_rest AND {texts} = c._fill_given AS is_right),
judged AS (
    SELECT d._fill_key AS key, d._fill_state AS state, d._fill_is_untouched AS is_untouched,
           d._fill_former AS former, d._fill_before AS before, d._fill_given AS given,
           d._fill_state = 'filled' AND w.is_right IS NOT TRUE AS is_altered,
           CASE WHEN d._fill_is_as_loaded AND d._fill_state = 'filled' THEN w.digest
                WHEN d._fill_is_as_loaded AND d._fill_state <> 'used' THEN d._fill_after
                ELSE coalesce(d._fill_staged, d._fill_former) END AS digest
    FROM due AS d LEFT JOIN written AS w ON w.key = d._fill_key),
kept AS (
    INSERT INTO etl.former ("table", legacy_id, run, digest, content, filled)
    SELECT {table}, j.key, %(run)s, j.former, jsonb_object({columns}, j.before), jsonb_object({columns}, j.given)
    FROM judged AS j WHERE j.state = 'filled'),
entered AS (
    UPDATE etl.loaded AS l
    SET digest = j.digest,
        xid = CASE WHEN j.state = 'filled' AND j.is_untouched THEN pg_current_xact_id()::xid ELSE l.xid END
    FROM judged AS j WHERE l."table" = {table} AND l.legacy_id = j.key AND NOT j.is_altered)
SELECT count(*) FILTER (WHERE j.state = 'filled') AS filled, count(*) FILTER (WHERE j.state = 'same') AS same,
       count(*) FILTER (WHERE j.state = 'used') AS used, count(*) FILTER (WHERE j.state = 'unready') AS unready,
       count(*) FILTER (WHERE j.state = 'early') AS early, count(*) FILTER (WHERE j.state = 'gone') AS gone,
       count(*) FILTER (WHERE j.is_altered) AS altered,
       (array_agg(j.key ORDER BY j.key) FILTER (WHERE j.is_altered))[1:6] AS sample
FROM judged AS j

-- name: widen_former :exec (run) {columns, content, id, id_type, table, target, texts}
-- Older versions of rows, over which a changed legacy row was written, have the columns too: what they hold now.
UPDATE etl.former AS f SET content = f.content || jsonb_object({columns}, {texts}), digest = {content}
FROM etl.loaded AS l, {target} AS t
WHERE f."table" = {table} AND f.filled IS NULL AND l."table" = {table} AND l.legacy_id = f.legacy_id
  AND t.{id} = l.new_id::{id_type}
  AND (NOT f.content ?& {columns}
       OR EXISTS (SELECT FROM etl.former AS o WHERE o."table" = {table} AND o.legacy_id = f.legacy_id
                    AND o.filled IS NOT NULL AND o.run = %(run)s))

-- name: narrow_former :exec {columns, content, id, id_type, table, target}
-- And without them again.
UPDATE etl.former AS f SET content = f.content - {columns}::text[], digest = {content}
FROM etl.loaded AS l, {target} AS t
WHERE f."table" = {table} AND f.filled IS NULL AND l."table" = {table} AND l.legacy_id = f.legacy_id
  AND t.{id} = l.new_id::{id_type}

-- name: list_filled_with :many {columns, table}
-- Columns that were filled in together with these.
SELECT DISTINCT o.name
FROM etl.former AS f, jsonb_object_keys(f.filled) AS o (name)
WHERE f."table" = {table} AND f.filled ?| {columns} AND NOT o.name = ANY ({columns})
ORDER BY o.name

-- name: list_used :many {columns, id, id_type, table, target, texts}
-- Rows in which something else stands by now than was filled in.
SELECT DISTINCT f.legacy_id
FROM etl.former AS f
JOIN etl.loaded AS l ON l."table" = {table} AND l.legacy_id = f.legacy_id
JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
WHERE f."table" = {table} AND f.filled ?| {columns}
  AND jsonb_object({columns}, {texts}) <> f.filled
  AND f.id = (SELECT max(o.id) FROM etl.former AS o WHERE o."table" = {table} AND o.legacy_id = f.legacy_id
                AND o.filled ?| {columns})
ORDER BY f.legacy_id

-- name: empty_columns :one
--     {after, casts, columns, id, id_type, links, rest, staged, staged_before, table, target, texts}
-- What stood in these columns before they were filled in, and the ledger's digests without them: one statement.
WITH due AS MATERIALIZED (
    SELECT l.legacy_id AS key, l.new_id::{id_type} AS new_id, f.content, f.digest AS former, {rest} AS rest,
           {after} = l.digest AS is_as_loaded, t.xmin = l.xid AS is_untouched,
           CASE WHEN {staged} = l.digest THEN {staged_before} END AS staged, l.digest
    FROM etl.loaded AS l
    LEFT JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
    LEFT JOIN ({links}) AS k ON k._legacy_id = l.legacy_id AND k._reason IS NULL
    LEFT JOIN LATERAL (
        SELECT o.content, o.digest FROM etl.former AS o
        WHERE o."table" = {table} AND o.legacy_id = l.legacy_id AND o.filled ?& {columns}
        ORDER BY o.id LIMIT 1) AS f ON true
    WHERE l."table" = {table}),
written AS (
    UPDATE {target} AS t SET {casts} FROM due AS e WHERE t.{id} = e.new_id AND e.content IS NOT NULL
    RETURNING {rest} = e.rest AND jsonb_object({columns}, {texts}) = e.content AS is_right),
entered AS (
    UPDATE etl.loaded AS l
    SET digest = CASE WHEN e.is_as_loaded THEN e.rest ELSE coalesce(e.former, e.staged, e.digest) END,
        xid = CASE WHEN e.content IS NOT NULL AND e.is_untouched THEN pg_current_xact_id()::xid ELSE l.xid END
    FROM due AS e WHERE l."table" = {table} AND l.legacy_id = e.key),
former AS (
    DELETE FROM etl.former AS f WHERE f."table" = {table} AND f.filled ?& {columns})
SELECT count(*), count(*) FILTER (WHERE is_right IS NOT TRUE) FROM written
