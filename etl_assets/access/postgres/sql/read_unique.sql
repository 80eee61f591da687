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
