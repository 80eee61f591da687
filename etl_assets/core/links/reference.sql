-- name: link_second_user :fragment {parent, ref}
-- A second legacy user, such as a reviewer.
LEFT JOIN etl.legacy_user_map AS {parent} ON {parent}.legacy_user_id = {ref}

-- name: link_parent :fragment {parent, ref, rows}
-- The referenced row, with its own reason.
LEFT JOIN ({rows}) AS {parent} ON {parent}._legacy_id = {ref}

-- name: link_staged_parent :fragment {parent, ref, staging, values}
-- The referenced row of a table of the same circle, whose reason is looked for later.
LEFT JOIN (SELECT g._legacy_id, NULL::text AS _state, NULL::text AS _reason{values} FROM {staging} AS g) AS {parent}
    ON {parent}._legacy_id = {ref}

-- name: link_unknown_user :fragment {parent, ref}
-- The reference names a user that was never seen; one that was forgotten was.
WHEN {ref} IS NOT NULL AND {parent}.legacy_user_id IS NULL AND NOT etl.is_forgotten({ref}) THEN 'reference_unknown'

-- name: link_quarantined :fragment {parent, ref, table}
-- The referenced row is quarantined, by its values or by its own links, or was loaded for somebody else.
WHEN {parent}._state = 'quarantined' OR {parent}._reason = 'owner_changed'
     OR {ref} IS NOT NULL AND {parent}._legacy_id IS NULL
        AND EXISTS (SELECT FROM etl.quarantine AS k WHERE k."table" = {table} AND k.legacy_id = {ref})
        AND NOT EXISTS (SELECT FROM etl.loaded AS k WHERE k."table" = {table} AND k.legacy_id = {ref})
THEN 'reference_quarantined'

-- name: link_unknown :fragment {parent, ref, table}
-- The reference names a row that was never seen.
WHEN {ref} IS NOT NULL AND {parent}._legacy_id IS NULL
     AND NOT EXISTS (SELECT FROM etl.loaded AS k WHERE k."table" = {table} AND k.legacy_id = {ref})
     AND NOT EXISTS (SELECT FROM etl.quarantine AS k WHERE k."table" = {table} AND k.legacy_id = {ref})
     AND NOT EXISTS (SELECT FROM etl.excluded AS k WHERE k."table" = {table} AND k.legacy_id = {ref})
THEN 'reference_unknown'

-- name: link_excluded :fragment {parent, ref, table}
-- The referenced row stays behind on purpose.
WHEN {parent}._state = 'excluded'
     OR {ref} IS NOT NULL AND {parent}._legacy_id IS NULL
        AND EXISTS (SELECT FROM etl.excluded AS k WHERE k."table" = {table} AND k.legacy_id = {ref})
        AND NOT EXISTS (SELECT FROM etl.loaded AS k WHERE k."table" = {table} AND k.legacy_id = {ref})
THEN 'reference_excluded'

-- name: link_forgotten_user :fragment {parent, ref}
-- The second user was forgotten: what would wait for that account for ever stays behind.
WHEN {ref} IS NOT NULL AND {parent}.legacy_user_id IS NULL AND etl.is_forgotten({ref}) THEN 'reference_excluded'

-- name: link_waiting :fragment {parent}
-- The referenced row has not arrived yet.
WHEN {parent}._legacy_id IS NOT NULL AND {parent}._state <> 'loaded' THEN 'reference_waiting'

-- name: link_waiting_user :fragment {parent}
-- The second user has no account yet.
WHEN {parent}.legacy_user_id IS NOT NULL AND {parent}.supabase_user_id IS NULL THEN 'reference_waiting'

-- name: second_id :fragment {alias, type, value}
-- A reference to a legacy id that stands for its second row by now: that one's id, alone or where the first one's stood.
CASE WHEN {alias}.new_id IS NULL THEN {value}
     ELSE replace({value}::text, {alias}.former_id::text, {alias}.new_id::text)::{type} END

-- name: link_value_if_known :fragment {otherwise, parent, ref, table, value}
-- The reference's new value, or what the spec wants where the row was never seen.
CASE WHEN {ref} IS NULL OR {parent}._legacy_id IS NOT NULL
          OR EXISTS (SELECT FROM etl.loaded AS k WHERE k."table" = {table} AND k.legacy_id = {ref})
          OR EXISTS (SELECT FROM etl.quarantine AS k WHERE k."table" = {table} AND k.legacy_id = {ref})
          OR EXISTS (SELECT FROM etl.excluded AS k WHERE k."table" = {table} AND k.legacy_id = {ref})
     THEN {value} ELSE {otherwise} END

-- name: join_reissued :fragment {alias, ref, table}
-- The id of the second row under a legacy id.
LEFT JOIN etl.reissued AS {alias} ON {alias}."table" = {table} AND {alias}.legacy_id = {ref}

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

-- name: join_file :fragment {account, alias, column, table, value}
-- What became of the file that a column names, for the account that owns the row now and as long as it names that file.
-- That it is not there is so for whoever has no account, too.
LEFT JOIN etl.files AS {alias}
    ON {alias}."table" = {table} AND {alias}."column" = {column} AND {alias}.legacy_id = s._legacy_id
   AND {alias}.named = {value}
   AND ({alias}.account = {account} OR {account} IS NULL AND {alias}.state NOT IN ('stored', 'changed', 'absent'))

-- name: file_quarantined :fragment {alias}
-- A file that is not there, or that nobody may read.
WHEN {alias}.state = 'path_outside' THEN 'path_outside'
WHEN {alias}.state = 'path_is_a_list' THEN 'path_is_a_list'
WHEN {alias}.state = 'file_missing' THEN 'file_missing'

-- name: file_waiting :fragment {alias, value}
-- A file that was not copied yet.
WHEN {alias}.legacy_id IS NULL AND btrim({value}) <> '' THEN 'file_waiting'

-- name: file_changed :fragment {alias}
-- One that the old app has changed since it was copied.
WHEN {alias}.state = 'changed' THEN 'file_waiting'

-- name: file_value :fragment {alias, value}
-- What the column holds: the key of the object, its URL, or what the legacy app wrote.
CASE WHEN {alias}.legacy_id IS NOT NULL THEN {alias}.value ELSE {value} END
