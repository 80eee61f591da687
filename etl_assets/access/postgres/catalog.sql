-- name: find_tables :many (tables)
-- Which of these are there, named as regclass reads them, and whether each is a table, partitioned or not; a view has no
-- row that could be read back by its transaction.
SELECT w.name, c.relkind IN ('r', 'p')
FROM unnest(%(tables)s::text[]) AS w (name)
JOIN pg_class AS c ON c.oid = to_regclass(w.name)

-- name: read_columns :many (tables)
-- The columns of target tables, as the catalog tells them.
SELECT w.name,
       a.attname,
       format_type(a.atttypid, a.atttypmod),
       format_type(a.atttypid, NULL),
       information_schema._pg_numeric_precision(a.atttypid, a.atttypmod),
       information_schema._pg_numeric_scale(a.atttypid, a.atttypmod),
       information_schema._pg_char_max_length(a.atttypid, a.atttypmod),
       CASE WHEN a.atttypid IN ('timestamptz'::regtype, 'timestamp'::regtype)
            THEN information_schema._pg_datetime_precision(a.atttypid, a.atttypmod) END,
       ARRAY(SELECT e.enumlabel::text FROM pg_enum AS e WHERE e.enumtypid = a.atttypid ORDER BY e.enumsortorder),
       a.attnotnull,
       a.atthasdef OR a.attidentity <> '',
       a.attgenerated <> ''
FROM unnest(%(tables)s::text[]) AS w (name)
JOIN pg_attribute AS a ON a.attrelid = to_regclass(w.name)
WHERE a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum

-- name: read_unique :many (tables)
-- Unique indexes over plain columns, partial ones with their predicate; expression indexes are not among them.
SELECT w.name,
       c.relname,
       ARRAY(SELECT a.attname::text FROM unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY AS k (attnum, n)
             JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum ORDER BY k.n),
       pg_get_expr(i.indpred, i.indrelid),
       ARRAY(SELECT DISTINCT a.attname::text FROM pg_depend AS d
             JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = d.refobjsubid
             WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
               AND d.refobjid = i.indrelid AND d.refobjsubid > 0)
FROM unnest(%(tables)s::text[]) AS w (name)
JOIN pg_index AS i ON i.indrelid = to_regclass(w.name)
JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE i.indisunique AND i.indexprs IS NULL
ORDER BY c.relname

-- name: read_checks :many (tables)
-- CHECK constraints that are enforced (before PostgreSQL 18 all are) in Postgres' own rendering, with the columns that
-- they read.
SELECT w.name,
       c.conname,
       pg_get_expr(c.conbin, c.conrelid),
       ARRAY(SELECT a.attname::text FROM pg_attribute AS a
             WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) ORDER BY a.attnum)
FROM unnest(%(tables)s::text[]) AS w (name)
JOIN pg_constraint AS c ON c.conrelid = to_regclass(w.name)
WHERE c.contype = 'c'
  AND to_jsonb(c) ->> 'conenforced' IS DISTINCT FROM 'false'
ORDER BY c.conname

-- name: read_foreign :many (tables)
-- Foreign keys of target tables that are enforced (before PostgreSQL 18 all are). One that refers to a partitioned
-- table also has an entry for each of its partitions, which no row has to fulfil.
SELECT w.name,
       c.conname,
       ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY AS k (attnum, n)
             JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.attnum ORDER BY k.n),
       s.nspname, r.relname,
       ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY AS k (attnum, n)
             JOIN pg_attribute AS a ON a.attrelid = c.confrelid AND a.attnum = k.attnum ORDER BY k.n)
FROM unnest(%(tables)s::text[]) AS w (name)
JOIN pg_constraint AS c ON c.conrelid = to_regclass(w.name)
JOIN pg_class AS r ON r.oid = c.confrelid
JOIN pg_namespace AS s ON s.oid = r.relnamespace
WHERE c.contype = 'f'
  AND to_jsonb(c) ->> 'conenforced' IS DISTINCT FROM 'false'
  AND NOT EXISTS (SELECT FROM pg_constraint AS p WHERE p.oid = c.conparentid AND p.conrelid = c.conrelid)
ORDER BY c.conname

-- name: read_triggers :many (tables)
-- Triggers of the app, those of partitions included, and whether an INSERT, an UPDATE, a DELETE would fire them.
SELECT w.name, t.tgname,
       bool_or((t.tgtype & 4) <> 0), bool_or((t.tgtype & 16) <> 0), bool_or((t.tgtype & 8) <> 0)
FROM unnest(%(tables)s::text[]) AS w (name)
CROSS JOIN LATERAL (SELECT to_regclass(w.name)::oid
                    UNION SELECT p.relid FROM pg_partition_tree(to_regclass(w.name)) AS p) AS r (oid)
JOIN pg_trigger AS t ON t.tgrelid = r.oid
WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
GROUP BY w.name, t.tgname ORDER BY t.tgname

-- name: read_rules :many (tables)
-- Everything that decides whether a table takes a row: constraints, indexes, triggers, policies of columns, partitions.
SELECT w.name, md5(coalesce(string_agg(f.rule, E'\n' ORDER BY f.rule), ''))
FROM unnest(%(tables)s::text[]) AS w (name)
CROSS JOIN LATERAL (SELECT to_regclass(w.name)::oid AS id
                    UNION SELECT p.relid FROM pg_partition_tree(to_regclass(w.name)) AS p) AS t
CROSS JOIN LATERAL (
    SELECT 'c ' || pg_get_constraintdef(c.oid) FROM pg_constraint AS c WHERE c.conrelid = t.id
    UNION ALL SELECT 'i ' || pg_get_indexdef(i.indexrelid) FROM pg_index AS i WHERE i.indrelid = t.id
    UNION ALL SELECT 't ' || g.tgenabled::text || pg_get_triggerdef(g.oid) FROM pg_trigger AS g
              WHERE g.tgrelid = t.id AND NOT g.tgisinternal
    UNION ALL SELECT 'p ' || coalesce(pg_get_expr(r.relpartbound, r.oid), '') FROM pg_class AS r WHERE r.oid = t.id
    UNION ALL SELECT 'a ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull
              FROM pg_attribute AS a WHERE a.attrelid = t.id AND a.attnum > 0 AND NOT a.attisdropped) AS f (rule)
GROUP BY w.name

-- name: count_update_triggers :one (table) {allowed}
-- Triggers that an UPDATE would fire, unless the spec lets them.
SELECT CASE WHEN {allowed} THEN 0 ELSE count(*) END, array_agg(t.tgname::text)
FROM pg_trigger AS t
WHERE t.tgrelid = %(table)s::regclass AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND (t.tgtype & 16) <> 0

-- name: find_sequence :one (column, table)
-- The sequence behind a serial or identity column, NULL where there is none.
SELECT pg_get_serial_sequence(%(table)s, %(column)s)
