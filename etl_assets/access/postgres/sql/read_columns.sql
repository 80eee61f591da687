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
