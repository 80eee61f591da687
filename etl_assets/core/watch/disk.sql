-- name: look_at_disk :one
-- The session's own value is ours; that of the server, the database or the role is what others get.
SELECT coalesce(sum(pg_database_size(d.oid)) FILTER (WHERE has_database_privilege(d.oid, 'CONNECT')), 0)::bigint,
       (SELECT reset_val = 'on' FROM pg_settings WHERE name = 'default_transaction_read_only')
  FROM pg_database AS d
