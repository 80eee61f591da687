-- Triggers of the app, and whether an INSERT, an UPDATE, a DELETE would fire them.
SELECT t.tgname, (t.tgtype & 4) <> 0, (t.tgtype & 16) <> 0, (t.tgtype & 8) <> 0
FROM pg_trigger AS t
WHERE t.tgrelid = %(table)s::regclass AND NOT t.tgisinternal AND t.tgenabled <> 'D'
ORDER BY t.tgname
