-- Has anybody signed up?
SELECT 1 FROM auth.users LIMIT 1
