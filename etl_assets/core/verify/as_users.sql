-- name: list_lookers :many (count, wave)
-- A few claimed users of a wave who have loaded rows; always the same ones, and spread over all.
SELECT m.legacy_user_id, m.supabase_user_id
FROM etl.legacy_user_map AS m
WHERE m.wave = %(wave)s AND m.supabase_user_id IS NOT NULL
  AND EXISTS (SELECT FROM etl.loaded AS l WHERE l.legacy_user_id = m.legacy_user_id)
ORDER BY md5(m.legacy_user_id) LIMIT %(count)s

-- name: read_access :one (role, tables)
-- Is there such a role, may this session take it on, and which of these tables may it not read at all?
SELECT to_regrole(%(role)s) IS NOT NULL,
       coalesce(pg_has_role(to_regrole(%(role)s)::oid, 'MEMBER'), false),
       ARRAY(SELECT w.name FROM unnest(%(tables)s::text[]) AS w (name)
             JOIN pg_class AS c ON c.oid = to_regclass(w.name)
             WHERE NOT coalesce(has_schema_privilege(to_regrole(%(role)s)::oid, c.relnamespace, 'USAGE')
                                AND has_table_privilege(to_regrole(%(role)s)::oid, c.oid, 'SELECT'), false))

-- name: look_at_rows :one {own, sums, target, within}
-- Rows of one table: all that this session sees, those of one account, and the sums over these.
SELECT count(*), count(*) FILTER (WHERE {own}), jsonb_build_object({sums})
FROM {target} AS t
WHERE {within}

-- name: is_own_by_parent :fragment {alias, id, own, parent, ref}
-- The row belongs to whoever its parent belongs to.
EXISTS (SELECT FROM {parent} AS {alias} WHERE {id} = {ref} AND {own})

-- name: become_user :exec (account, claims)
-- What PostgREST sets for a signed-in user, and the limit on time that Supabase gives her.
SELECT set_config('request.jwt.claims', %(claims)s, true), set_config('request.jwt.claim.sub', %(account)s, true),
       set_config('row_security', 'on', true), set_config('search_path', 'public, extensions', true),
       set_config('statement_timeout', '8s', true)

-- name: take_role :exec {role}
-- The role of a signed-in user, until the transaction ends.
SET LOCAL ROLE {role}
