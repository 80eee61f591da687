-- name: find_freeze :first (key)
-- The freeze, with its moment.
SELECT m.value::jsonb, to_char(m.written_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')
FROM etl.meta AS m WHERE m.key = %(key)s
