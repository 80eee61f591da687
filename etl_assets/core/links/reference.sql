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
