-- name: describe_tables :many (tables) {checks, columns, foreign_keys, rules, triggers, unique_rules}
-- Those of these tables that are there, named as regclass reads them, in one trip: each is a table, partitioned or not,
-- or a view, of which no row could be read back by its transaction; columns, unique indexes, constraints, triggers.
SELECT w.name, jsonb_build_object(
    'is_plain', r.relkind IN ('r', 'p'), 'columns', ({columns}), 'unique', ({unique_rules}), 'checks', ({checks}),
    'foreign', ({foreign_keys}), 'triggers', ({triggers}), 'facts', ({rules}))
FROM unnest(%(tables)s::text[]) AS w (name)
JOIN pg_class AS r ON r.oid = to_regclass(w.name)

-- name: read_columns :many (tables) {columns}
-- The columns of each of these tables.
SELECT w.name, ({columns})
FROM unnest(%(tables)s::text[]) AS w (name)
LEFT JOIN pg_class AS r ON r.oid = to_regclass(w.name)

-- name: read_rules :one (table) {rules}
-- A digest of a table's rules.
SELECT coalesce((SELECT ({rules}) FROM pg_class AS r WHERE r.oid = to_regclass(%(table)s)), '')

-- name: columns :fragment
-- A table's columns, as the catalog tells them; of a domain, the type under it, and that no NULL is let through.
SELECT coalesce(jsonb_agg(jsonb_build_array(
    a.attname,
    format_type(u.id, u.typmod),
    format_type(u.id, NULL),
    CASE WHEN u.id <> a.atttypid THEN format_type(a.atttypid, NULL) END,
    information_schema._pg_numeric_precision(u.id, u.typmod),
    information_schema._pg_numeric_scale(u.id, u.typmod),
    information_schema._pg_char_max_length(u.id, u.typmod),
    CASE WHEN u.id IN ('timestamptz'::regtype, 'timestamp'::regtype, 'timetz'::regtype, 'time'::regtype,
                       'interval'::regtype)
         THEN information_schema._pg_datetime_precision(u.id, u.typmod) END,
    ARRAY(SELECT e.enumlabel::text FROM pg_enum AS e
          WHERE e.enumtypid IN (u.id, (SELECT y.typelem FROM pg_type AS y WHERE y.oid = u.id AND y.typcategory = 'A'))
          ORDER BY e.enumsortorder),
    a.attnotnull OR u.not_null,
    a.atthasdef OR a.attidentity <> '' OR u.has_default,
    a.attgenerated <> '') ORDER BY a.attnum), '[]')
FROM pg_attribute AS a
CROSS JOIN LATERAL (
    WITH RECURSIVE under AS (
        SELECT a.atttypid AS id, a.atttypmod AS typmod, false AS not_null, false AS has_default
        UNION ALL
        SELECT y.typbasetype, y.typtypmod, u.not_null OR y.typnotnull, u.has_default OR y.typdefault IS NOT NULL
        FROM under AS u JOIN pg_type AS y ON y.oid = u.id AND y.typtype = 'd')
    SELECT u.* FROM under AS u JOIN pg_type AS y ON y.oid = u.id AND y.typtype <> 'd') AS u
WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped

-- name: unique_rules :fragment
-- Unique indexes over plain columns, partial ones with their predicate; expression indexes are not among them.
SELECT coalesce(jsonb_agg(jsonb_build_array(
    c.relname,
    ARRAY(SELECT a.attname::text FROM unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY AS k (attnum, n)
          JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum ORDER BY k.n),
    pg_get_expr(i.indpred, i.indrelid),
    ARRAY(SELECT DISTINCT a.attname::text FROM pg_depend AS d
          JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = d.refobjsubid
          WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
            AND d.refobjid = i.indrelid AND d.refobjsubid > 0)) ORDER BY c.relname), '[]')
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE i.indrelid = r.oid AND i.indisunique AND i.indexprs IS NULL

-- name: checks :fragment
-- CHECK constraints that are enforced (before PostgreSQL 18 all are) in Postgres' own rendering, with the columns that
-- they read.
SELECT coalesce(jsonb_agg(jsonb_build_array(
    c.conname,
    pg_get_expr(c.conbin, c.conrelid),
    ARRAY(SELECT a.attname::text FROM pg_attribute AS a
          WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) ORDER BY a.attnum)) ORDER BY c.conname), '[]')
FROM pg_constraint AS c
WHERE c.conrelid = r.oid AND c.contype = 'c'
  AND to_jsonb(c) ->> 'conenforced' IS DISTINCT FROM 'false'

-- name: foreign_keys :fragment
-- Foreign keys of a table that are enforced (before PostgreSQL 18 all are). One that refers to a partitioned
-- table also has an entry for each of its partitions, which no row has to fulfil.
SELECT coalesce(jsonb_agg(jsonb_build_array(
    c.conname,
    ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY AS k (attnum, n)
          JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.attnum ORDER BY k.n),
    s.nspname, p.relname,
    ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY AS k (attnum, n)
          JOIN pg_attribute AS a ON a.attrelid = c.confrelid AND a.attnum = k.attnum ORDER BY k.n),
    c.condeferrable) ORDER BY c.conname), '[]')
FROM pg_constraint AS c
JOIN pg_class AS p ON p.oid = c.confrelid
JOIN pg_namespace AS s ON s.oid = p.relnamespace
WHERE c.conrelid = r.oid AND c.contype = 'f'
  AND to_jsonb(c) ->> 'conenforced' IS DISTINCT FROM 'false'
  AND NOT EXISTS (SELECT FROM pg_constraint AS o WHERE o.oid = c.conparentid AND o.conrelid = c.conrelid)

-- name: triggers :fragment
-- Triggers of the app, those of partitions included, and whether an INSERT, an UPDATE, a DELETE would fire them.
SELECT coalesce(jsonb_agg(jsonb_build_array(g.tgname, g.on_insert, g.on_update, g.on_delete) ORDER BY g.tgname), '[]')
FROM (
    SELECT t.tgname, bool_or((t.tgtype & 4) <> 0) AS on_insert, bool_or((t.tgtype & 16) <> 0) AS on_update,
           bool_or((t.tgtype & 8) <> 0) AS on_delete
    FROM (SELECT r.oid UNION SELECT p.relid FROM pg_partition_tree(r.oid) AS p) AS n (oid)
    JOIN pg_trigger AS t ON t.tgrelid = n.oid
    WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
    GROUP BY t.tgname) AS g

-- name: rules :fragment
-- A digest of everything that decides whether a table takes a row: constraints, indexes, triggers, policies of columns,
-- partitions.
SELECT md5(coalesce(string_agg(f.rule, E'\n' ORDER BY f.rule), ''))
FROM (SELECT r.oid AS id UNION SELECT p.relid FROM pg_partition_tree(r.oid) AS p) AS t
CROSS JOIN LATERAL (
    SELECT 'c ' || pg_get_constraintdef(c.oid) FROM pg_constraint AS c WHERE c.conrelid = t.id
    UNION ALL SELECT 'i ' || pg_get_indexdef(i.indexrelid) FROM pg_index AS i WHERE i.indrelid = t.id
    UNION ALL SELECT 't ' || g.tgenabled::text || pg_get_triggerdef(g.oid) FROM pg_trigger AS g
              WHERE g.tgrelid = t.id AND NOT g.tgisinternal
    UNION ALL SELECT 'p ' || coalesce(pg_get_expr(q.relpartbound, q.oid), '') FROM pg_class AS q WHERE q.oid = t.id
    UNION ALL SELECT 'a ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull
              FROM pg_attribute AS a WHERE a.attrelid = t.id AND a.attnum > 0 AND NOT a.attisdropped) AS f (rule)

-- name: count_update_triggers :one (table) {allowed}
-- Triggers that an UPDATE would fire, unless the spec lets them.
SELECT CASE WHEN {allowed} THEN 0 ELSE count(*) END, array_agg(t.tgname::text)
FROM pg_trigger AS t
WHERE t.tgrelid = %(table)s::regclass AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND (t.tgtype & 16) <> 0

-- name: find_sequence :one (column, table)
-- The sequence behind a serial or identity column, NULL where there is none.
SELECT pg_get_serial_sequence(%(table)s, %(column)s)
