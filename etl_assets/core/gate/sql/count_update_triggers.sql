-- Triggers that an UPDATE would fire, unless the spec lets them.
SELECT CASE WHEN {allowed} THEN 0 ELSE count(*) END, array_agg(t.tgname::text)
FROM pg_trigger AS t
WHERE t.tgrelid = %(table)s::regclass AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND (t.tgtype & 16) <> 0
