-- A table's columns; none where it is absent.
SELECT a.attname::text
FROM pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid
JOIN pg_namespace AS s ON s.oid = c.relnamespace
WHERE s.nspname = %(schema)s AND c.relname = %(table)s AND a.attnum > 0 AND NOT a.attisdropped
