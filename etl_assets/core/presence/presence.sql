-- name: stay :many
-- An idle session is no fault here, a host that is gone is noticed within a minute, and no function of the app is ours.
SELECT pg_catalog.set_config(s.name, s.value, false)
FROM (VALUES ('search_path', 'pg_catalog'), ('idle_session_timeout', '0'), ('tcp_keepalives_idle', '30'),
             ('tcp_keepalives_interval', '10'), ('tcp_keepalives_count', '3')) AS s (name, value)

-- name: hold :one (key)
-- A lock that this session keeps until it ends; several may.
SELECT pg_advisory_lock_shared(hashtextextended(%(key)s, 0::bigint))

-- name: answer :one
-- Is the session still there?
SELECT true

-- name: list_holders :many (but, keys)
-- Which of these keys a session holds, with the name that it bears.
SELECT k.key, min(a.application_name)
FROM (SELECT u.key, hashtextextended(u.key, 0::bigint) AS hash FROM unnest(%(keys)s::text[]) AS u (key)) AS k
JOIN pg_catalog.pg_locks AS l
    ON l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted AND (l.classid::bigint << 32 | l.objid::bigint) = k.hash
JOIN pg_catalog.pg_database AS d ON d.oid = l.database AND d.datname = current_database()
JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid AND a.pid <> ALL (%(but)s::integer[])
GROUP BY k.key
