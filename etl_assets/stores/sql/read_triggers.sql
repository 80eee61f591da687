-- Triggers of the app that an INSERT would fire.
SELECT t.tgname
FROM pg_trigger AS t
WHERE t.tgrelid = %(table)s::regclass AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND (t.tgtype & 4) <> 0
ORDER BY t.tgname
