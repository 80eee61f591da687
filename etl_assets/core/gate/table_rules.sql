-- name: count_changed_keyless :one {table}
-- 1 when a table without a key is not what it was when its rows were loaded.
SELECT count(*), ARRAY[]::text[]
FROM etl.staged AS d
JOIN etl.meta AS m ON m.key = 'keyless ' || d."table"
WHERE d."table" = {table} AND m.value <> d.content

-- name: count_unaccounted_rows :one {staging, table}
-- SQLite's count of the legacy table against what was staged, quarantined and excluded.
SELECT abs(coalesce((SELECT d.source_rows FROM etl.staged AS d WHERE d."table" = {table}), -1)
       - (SELECT count(*) FROM {staging})
       - (SELECT count(DISTINCT q.legacy_id) FROM etl.quarantine AS q WHERE q."table" = {table})
       - (SELECT count(*) FROM etl.excluded AS e WHERE e."table" = {table} AND e.reason IN ('where', 'dropped', 'forgotten'))),
       ARRAY[]::text[]

-- name: count_outdated_staging :one (spec_digest, target_digest) {table}
-- 1 when the staging table is absent, or was made with another spec or for another shape of the target.
SELECT 1 - count(*), ARRAY[]::text[]
FROM etl.staged AS d
WHERE d."table" = {table} AND d.spec_digest = %(spec_digest)s AND d.target_digest = %(target_digest)s

-- name: count_triggers :one (triggers) {allowed}
-- Triggers that an INSERT would fire, unless the spec lets them.
SELECT CASE WHEN {allowed} THEN 0 ELSE cardinality(%(triggers)s::text[]) END, %(triggers)s::text[]

-- name: count_names :one (names)
-- What was found beforehand.
SELECT cardinality(%(names)s::text[]), %(names)s::text[]

-- name: count_quarantined_rows :one {table}
-- Rows with at least one refused value that are not loaded.
SELECT count(DISTINCT q.legacy_id), (array_agg(DISTINCT q.legacy_id))[1:6]
FROM etl.quarantine AS q
WHERE q."table" = {table}
  AND NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = {table} AND l.legacy_id = q.legacy_id)

-- name: count_lost_corrections :one {table}
-- Corrections of rows that the legacy database does not have.
SELECT count(*), (array_agg(c.legacy_id ORDER BY c.legacy_id))[1:6]
FROM etl.corrections AS c WHERE c."table" = {table} AND NOT c.found

-- name: count_reasons :one {links, reasons}
-- Rows whose links are at fault.
SELECT count(*), (array_agg(k._legacy_id ORDER BY k._legacy_id))[1:6]
FROM ({links}) AS k WHERE k._reason IN ({reasons})

-- name: count_taken_ids :one {adopted, id, of_users, rows, table, target}
-- Rows of the target that hold an id which a row still to be loaded will take.
SELECT count(*), (array_agg(k._legacy_id ORDER BY k._legacy_id))[1:6]
FROM {rows} AS k
JOIN {target} AS t ON t.{id} = k._new_id
WHERE NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = {table} AND l.legacy_id = k._legacy_id)
  AND NOT coalesce({adopted}, false) {of_users}

-- name: count_future_rows :one {future, staging}
-- Rows with a timestamp after now.
SELECT count(*), (array_agg(s._legacy_id ORDER BY s._legacy_id))[1:6] FROM {staging} AS s WHERE {future}

-- name: count_repeated :one {columns, filled, staging}
-- Rows that share values which should be unique: a payment that was booked twice.
SELECT coalesce(sum(r.rows), 0), (array_agg(r.first ORDER BY r.first))[1:6]
FROM (SELECT count(*) AS rows, min(s._legacy_id) AS first FROM {staging} AS s
      WHERE {filled} GROUP BY {columns} HAVING count(*) > 1) AS r

-- name: count_unprovable :one (filled, known, table)
-- What only triggers can check or do: deferrable unique rules; foreign keys that compare NULLs or periods, that the parent
-- of other tables has to fulfil alone, that were not there when the links were read, that only a partition has, or whose
-- value may come from elsewhere than the load; and triggers of the app, which would be silent.
WITH relations AS (
    SELECT %(table)s::regclass AS id UNION SELECT p.relid FROM pg_partition_tree(%(table)s::regclass) AS p),
unprovable AS (
    SELECT c.conname AS name
    FROM pg_constraint AS c
    JOIN relations AS r ON r.id = c.conrelid
    WHERE c.contype IN ('p', 'u', 'x') AND c.condeferrable
       OR c.contype = 'f' AND (
           c.confmatchtype = 'f' AND cardinality(c.conkey) > 1
           OR pg_get_constraintdef(c.oid) LIKE '%%PERIOD %%'
           OR c.conparentid = 0 AND (c.conrelid <> %(table)s::regclass OR c.conname <> ALL (%(known)s))
           OR EXISTS (SELECT FROM pg_inherits AS i
                      JOIN pg_class AS p ON p.oid = i.inhparent AND p.relkind = 'r'
                      WHERE i.inhparent = c.confrelid)
           OR EXISTS (SELECT FROM pg_attribute AS a
                      JOIN pg_type AS y ON y.oid = a.atttypid
                      WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) AND a.attname <> ALL (%(filled)s)
                        AND (a.atthasdef OR a.attidentity <> '' OR y.typtype = 'd')))
    UNION ALL
    SELECT t.tgname FROM pg_trigger AS t JOIN relations AS r ON r.id = t.tgrelid
    WHERE NOT t.tgisinternal AND t.tgenabled <> 'D')
SELECT count(*), (array_agg(u.name::text ORDER BY u.name))[1:6] FROM unprovable AS u
