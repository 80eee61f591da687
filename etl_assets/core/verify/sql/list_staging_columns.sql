-- The columns of each staging table there is.
SELECT substr(c.relname, 5), array_agg(a.attname::text)
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = to_regnamespace('etl') AND c.relkind = 'r' AND c.relname LIKE 'stg\_%%'
GROUP BY c.relname
