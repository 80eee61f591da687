-- name: join_parents :fragment {parent, ref, rows}
-- What is wrong with any of the referenced rows.
LEFT JOIN LATERAL (
    SELECT bool_or(b._state = 'quarantined' OR b._reason = 'owner_changed') AS is_quarantined,
           bool_or(b._state = 'excluded') AS is_excluded, bool_or(b._state <> 'loaded') AS is_waiting
    FROM ({rows}) AS b WHERE b._legacy_id = ANY ({ref})) AS {parent} ON true

-- name: any_unknown :fragment {ref, staging, table}
-- One of the ids names a row that was never seen.
WHEN EXISTS (SELECT FROM unnest({ref}) AS e (id)
             WHERE NOT EXISTS (SELECT FROM {staging} AS g WHERE g._legacy_id = e.id)
               AND NOT EXISTS (SELECT FROM etl.loaded AS k WHERE k."table" = {table} AND k.legacy_id = e.id)
               AND NOT EXISTS (SELECT FROM etl.quarantine AS k WHERE k."table" = {table} AND k.legacy_id = e.id)
               AND NOT EXISTS (SELECT FROM etl.excluded AS k WHERE k."table" = {table} AND k.legacy_id = e.id))
THEN 'reference_unknown'

-- name: any_quarantined :fragment {parent}
-- One of the rows is quarantined by its links, or was loaded for somebody else.
WHEN {parent}.is_quarantined THEN 'reference_quarantined'

-- name: any_absent_quarantined :fragment {ref, staging, table}
-- One of the rows is quarantined by its values.
WHEN EXISTS (SELECT FROM unnest({ref}) AS e (id)
             JOIN etl.quarantine AS k ON k."table" = {table} AND k.legacy_id = e.id
             WHERE NOT EXISTS (SELECT FROM {staging} AS g WHERE g._legacy_id = e.id)
               AND NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = {table} AND l.legacy_id = e.id))
THEN 'reference_quarantined'

-- name: any_excluded :fragment {parent}
-- One of the rows stays behind with what it refers to.
WHEN {parent}.is_excluded THEN 'reference_excluded'

-- name: any_absent_excluded :fragment {ref, staging, table}
-- One of the rows stays behind on purpose.
WHEN EXISTS (SELECT FROM unnest({ref}) AS e (id)
             JOIN etl.excluded AS k ON k."table" = {table} AND k.legacy_id = e.id
             WHERE NOT EXISTS (SELECT FROM {staging} AS g WHERE g._legacy_id = e.id)
               AND NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = {table} AND l.legacy_id = e.id))
THEN 'reference_excluded'

-- name: any_waiting :fragment {parent}
-- One of the rows has not arrived yet.
WHEN {parent}.is_waiting THEN 'reference_waiting'

-- name: second_ids :fragment {ref, table, type, value}
-- The value with the ids of second rows where those of the first ones stood, one after the other.
(WITH RECURSIVE again (number, former_id, new_id) AS (
    SELECT row_number() OVER (), i.former_id::text, i.new_id::text
    FROM etl.reissued AS i WHERE i."table" = {table} AND i.legacy_id = ANY ({ref})),
 said (number, value) AS (
    SELECT 0::bigint, {value}::text
    UNION ALL
    SELECT a.number, replace(d.value, a.former_id, a.new_id) FROM said AS d JOIN again AS a ON a.number = d.number + 1)
 SELECT d.value::{type} FROM said AS d ORDER BY d.number DESC LIMIT 1)
