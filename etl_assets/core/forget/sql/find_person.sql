-- One legacy user: the account, rows in the ledger, whether the staged snapshot has the user; address and sign-up.
SELECT m.supabase_user_id IS NOT NULL,
       (SELECT count(*) FROM etl.loaded AS l WHERE l.legacy_user_id = m.legacy_user_id),
       EXISTS (SELECT FROM etl.staged AS d WHERE d."table" = 'users' AND d.snapshot = m.snapshot),
       m.seen_email, m.seen_created_value
FROM etl.legacy_user_map AS m WHERE m.legacy_user_id = %(user)s
