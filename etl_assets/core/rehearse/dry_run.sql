-- name: mark_dry :exec
-- What reads rows back by the transaction that wrote them is told that this one holds savepoints.
SELECT set_config('etl_assets.dry', 'on', true)

-- name: list_sequences :many (table)
-- The sequences that an INSERT into a table may move: those of serial and identity columns, and of other defaults.
SELECT n.nspname, s.relname, pg_has_role(s.relowner, 'USAGE')
FROM pg_depend AS d
JOIN pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'
JOIN pg_namespace AS n ON n.oid = s.relnamespace
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
  AND d.refobjid = %(table)s::regclass AND d.deptype IN ('a', 'i')
UNION
SELECT n.nspname, s.relname, pg_has_role(s.relowner, 'USAGE')
FROM pg_attrdef AS f
JOIN pg_depend AS d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass
JOIN pg_class AS s ON s.oid = d.refobjid AND s.relkind = 'S'
JOIN pg_namespace AS n ON n.oid = s.relnamespace
WHERE f.adrelid = %(table)s::regclass
ORDER BY 1, 2

-- name: read_sequence :one {sequence}
-- The number that the sequence gave last, or gives first.
SELECT s.last_value, s.is_called FROM {sequence} AS s

-- name: restart_sequence :exec {sequence}
-- Makes the sequence a part of this transaction, which nextval() and setval() alone are not.
ALTER SEQUENCE {sequence} RESTART

-- name: set_sequence :exec (called, sequence, value)
-- Back to where it was; by now this is a part of the transaction.
SELECT setval(%(sequence)s::regclass, %(value)s, %(called)s)
