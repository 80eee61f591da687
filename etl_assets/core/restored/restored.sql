-- name: find_last_line :first
-- The last line of the audit trail.
SELECT a.id, to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
FROM etl.audit_log AS a ORDER BY a.id DESC LIMIT 1

-- name: find_line :first (at, line)
-- Is this line of the audit trail there still?
SELECT true FROM etl.audit_log AS a WHERE a.id = %(line)s AND a.at = %(at)s::timestamptz

-- name: find_earlier :first (at)
-- Does the audit trail begin before this moment?
SELECT true FROM etl.audit_log AS a WHERE a.at <= %(at)s::timestamptz LIMIT 1

-- name: count_unknown :one {id, staging, table, target}
-- Rows of production with ids that we have made of legacy ids, and that we do not know to have loaded.
SELECT count(*)
FROM {staging} AS s JOIN {target} AS t ON t.{id} = s._new_id
WHERE NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = {table} AND l.legacy_id = s._legacy_id)

-- name: list_forgotten_users :many
-- Legacy users of the map who stand on the list of the forgotten.
SELECT m.legacy_user_id FROM etl.legacy_user_map AS m
WHERE m.supabase_user_id IS NULL AND etl.is_forgotten(m.legacy_user_id) ORDER BY m.legacy_user_id
