-- Legacy users who share an address, blanks and ASCII case aside.
SELECT count(*), (array_agg(m.legacy_user_id ORDER BY m.legacy_user_id))[1:6]
FROM etl.legacy_user_map AS m
WHERE m.email_key IN (SELECT email_key FROM etl.legacy_user_map WHERE email_key IS NOT NULL
                        AND (supabase_user_id IS NOT NULL
                             OR snapshot = (SELECT d.snapshot FROM etl.staged AS d WHERE d."table" = 'users'))
                      GROUP BY email_key HAVING count(*) > 1)
