-- name: answer :fragment {accounts}
-- How far the history of whoever asks is, as JSON; NULL for who has none. It reads our own tables that stay, and no
-- staging: that is swapped and dropped, and a load holds no lock on these that keeps a reader waiting. Rows are counted
-- for whoever has claimed alone. Before that, an address that the account has proven says that there is something, and
-- no more. What is new under a legacy id that is another person's by now is not hers, and is not counted; where that is
-- not sure, she is asked. Where the books are void, what is coming is what is staged and not in the ledger.
WITH asker AS MATERIALIZED (SELECT auth.uid() AS id),
claimed AS MATERIALIZED (
    SELECT m.legacy_user_id, m.held IS NOT NULL AS is_held, m.is_another, w.loaded_at IS NULL AS is_coming,
           m.is_another AND coalesce(m.created_value <> m.seen_created_value, false)
               AND m.created_at IS DISTINCT FROM m.seen_created_at AS is_somebody_elses
    FROM asker AS a
    JOIN etl.legacy_user_map AS m ON m.supabase_user_id = a.id
    LEFT JOIN etl.waves AS w ON w.wave = m.wave),
proven AS MATERIALIZED (
    SELECT o.id, o.email_key FROM ({accounts}) AS o
    WHERE o.id = (SELECT a.id FROM asker AS a) AND o.hindrance IS NULL),
open AS MATERIALIZED (
    SELECT m.held IS NULL AND m.state IN ('waiting', 'unconfirmed')
               AND CASE WHEN k.legacy_user_id IS NULL THEN m.verified ELSE k.supabase_user_id IS NOT NULL END AS is_coming
    FROM proven AS p
    CROSS JOIN LATERAL (
        SELECT t.legacy_user_id FROM etl.legacy_user_map AS t
        WHERE t.email_key = p.email_key
          AND NOT EXISTS (SELECT FROM etl.legacy_user_map AS n
                          WHERE n.email_key = t.email_key AND n.snapshot COLLATE "C" > t.snapshot)
        UNION SELECT c.legacy_user_id FROM etl.claims AS c WHERE c.supabase_user_id = p.id) AS u
    JOIN etl.legacy_user_map AS m ON m.legacy_user_id = u.legacy_user_id
    LEFT JOIN etl.claims AS k ON k.legacy_user_id = u.legacy_user_id
    WHERE m.supabase_user_id IS NULL AND coalesce(k.supabase_user_id = p.id, true)),
arrived AS (
    SELECT l."table", count(*) AS rows
    FROM claimed AS c JOIN etl.loaded AS l ON l.legacy_user_id = c.legacy_user_id GROUP BY l."table"),
pages AS (
    SELECT b."table", coalesce(sum(b.rows) FILTER (WHERE b.state IN ('ready', 'waiting')), 0) AS coming,
           coalesce(sum(b.rows) FILTER (WHERE b.state IN ('loaded', 'ready', 'waiting')), 0) AS able,
           coalesce(sum(b.rows) FILTER (WHERE b.state = 'quarantined'), 0) AS kept
    FROM claimed AS c JOIN etl.book AS b ON b.legacy_user_id = c.legacy_user_id
    WHERE NOT c.is_another GROUP BY b."table"),
refused AS (
    SELECT q."table", count(DISTINCT q.legacy_id) AS rows
    FROM claimed AS c JOIN etl.quarantine AS q ON q.legacy_user_id = c.legacy_user_id
    WHERE NOT c.is_another
      AND NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = q."table" AND l.legacy_id = q.legacy_id)
    GROUP BY q."table"),
counted AS (
    SELECT n."table", coalesce(a.rows, 0) AS arrived, coalesce(p.kept, 0) + coalesce(r.rows, 0) AS kept,
           CASE WHEN EXISTS (SELECT FROM etl.counted) THEN coalesce(p.coming, 0)
                ELSE greatest(coalesce(p.able, 0) - coalesce(a.rows, 0), 0) END AS coming
    FROM (SELECT "table" FROM arrived UNION SELECT "table" FROM pages UNION SELECT "table" FROM refused) AS n
    LEFT JOIN arrived AS a ON a."table" = n."table"
    LEFT JOIN pages AS p ON p."table" = n."table"
    LEFT JOIN refused AS r ON r."table" = n."table"),
told AS (
    SELECT d."table", d.arrived,
           CASE WHEN h.is_held THEN 0 ELSE d.coming END AS coming,
           CASE WHEN h.is_held THEN d.kept + d.coming ELSE d.kept END AS kept
    FROM counted AS d CROSS JOIN (SELECT coalesce(bool_or(c.is_held), false) AS is_held FROM claimed AS c) AS h
    WHERE d.arrived + d.coming + d.kept > 0),
doubted AS (
    SELECT FROM claimed AS c JOIN etl.book AS b ON b.legacy_user_id = c.legacy_user_id
    WHERE c.is_another AND NOT c.is_somebody_elses AND b.state IN ('ready', 'waiting', 'quarantined'))
SELECT jsonb_build_object(
    'state', CASE WHEN EXISTS (SELECT FROM told AS t WHERE t.kept > 0) OR EXISTS (SELECT FROM doubted)
                       OR EXISTS (SELECT FROM open AS o WHERE NOT o.is_coming) THEN 'we need to talk'
                  WHEN EXISTS (SELECT FROM told AS t WHERE t.coming > 0) OR EXISTS (SELECT FROM open)
                       OR EXISTS (SELECT FROM claimed AS c WHERE c.is_coming) THEN 'on its way'
                  ELSE 'arrived' END,
    'tables', coalesce((
        SELECT jsonb_object_agg(t."table", jsonb_build_object(
            'state', CASE WHEN t.kept > 0 THEN 'we need to talk' WHEN t.coming > 0 THEN 'on its way' ELSE 'arrived' END,
            'arrived', t.arrived, 'on_its_way', t.coming, 'we_need_to_talk', t.kept))
        FROM told AS t), '{{}}'))
WHERE EXISTS (SELECT FROM claimed) OR EXISTS (SELECT FROM open)

-- name: find_lacks :one (role, schema)
-- What a function needs that the app may ask: who asks, the role that may, its schema, and that the role may look there.
SELECT to_regprocedure('auth.uid()') IS NOT NULL, to_regrole(%(role)s) IS NOT NULL,
       to_regnamespace(%(schema)s) IS NOT NULL,
       coalesce(has_schema_privilege(to_regrole(%(role)s)::oid, to_regnamespace(%(schema)s)::oid, 'USAGE'), true)

-- name: list_marked :many (mark)
-- The functions that we have made, wherever they are: schema and name.
SELECT s.nspname, p.proname
FROM pg_proc AS p JOIN pg_namespace AS s ON s.oid = p.pronamespace
WHERE p.pronargs = 0 AND starts_with(obj_description(p.oid, 'pg_proc'), %(mark)s) ORDER BY 1, 2

-- name: list_others :many (mark, name, schema)
-- What else has the name: functions that we have not made, with any arguments, and tables or the like.
SELECT 'a function' FROM pg_proc AS p
WHERE p.pronamespace = to_regnamespace(%(schema)s) AND p.proname = %(name)s
  AND (p.pronargs > 0 OR starts_with(obj_description(p.oid, 'pg_proc'), %(mark)s) IS NOT TRUE)
UNION
SELECT 'a table or a view' FROM pg_class AS c
WHERE c.relnamespace = to_regnamespace(%(schema)s) AND c.relname = %(name)s

-- name: describe :first (name, role, schema)
-- Our function as it is: its text, how it runs, whether whoever has schema etl owns it, and who may call it.
SELECT p.prosrc,
       p.prosecdef AND l.lanname = 'sql' AND p.prorettype = 'jsonb'::regtype AND NOT p.proretset,
       coalesce(p.proconfig, '{{}}'),
       p.proowner = (SELECT e.nspowner FROM pg_namespace AS e WHERE e.nspname = 'etl'),
       ARRAY(SELECT coalesce(g.rolname, 'PUBLIC') FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
             LEFT JOIN pg_roles AS g ON g.oid = a.grantee
             WHERE a.grantee <> p.proowner AND coalesce(g.rolname, '') <> %(role)s ORDER BY 1),
       has_function_privilege(%(role)s, p.oid, 'EXECUTE')
FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang
WHERE p.pronamespace = to_regnamespace(%(schema)s) AND p.proname = %(name)s AND p.pronargs = 0

-- name: make :exec {answer, place}
-- The function runs as its owner, who has schema etl, and finds names in `pg_catalog` alone: with an empty path a type of
-- the caller's own in `pg_temp` would come before Postgres'. Who asks is not kept waiting by an upgrade of schema etl.
CREATE OR REPLACE FUNCTION {place}() RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS {answer}

-- name: mark :exec {mark, place}
-- By this we know it again.
COMMENT ON FUNCTION {place}() IS {mark}

-- name: close :exec {grantee, place}
-- Supabase gives each new function of `public` to the roles of its API, and Postgres to everybody.
REVOKE ALL ON FUNCTION {place}() FROM {grantee}

-- name: open :exec {place, role}
-- Whoever is signed in may ask.
GRANT EXECUTE ON FUNCTION {place}() TO {role}

-- name: tell_api :exec
-- PostgREST looks again which functions there are.
NOTIFY pgrst, 'reload schema'

-- name: drop :exec {place}
-- Nothing of ours is left in the app's schemas.
DROP FUNCTION {place}()

-- name: find_last_claimed :first
-- Who has claimed last: of whom it is said what the app would be told.
SELECT m.legacy_user_id, m.supabase_user_id::text FROM etl.legacy_user_map AS m
WHERE m.supabase_user_id IS NOT NULL ORDER BY m.claimed_at DESC, m.legacy_user_id LIMIT 1

-- name: be_asker :one (account, claims)
-- Who asks, as the API says it to `auth.uid()`.
SELECT set_config('request.jwt.claims', %(claims)s, true), set_config('request.jwt.claim.sub', %(account)s, true)

-- name: ask :first {answer}
-- What the function would say.
{answer}
