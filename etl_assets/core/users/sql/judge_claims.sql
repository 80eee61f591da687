-- Each line of the operator's claims file: the account, if it may claim, and what stands against the line.
SELECT k.legacy_user_id, k.supabase_user_id, a.id AS account_id, a.confirmed_at,
       CASE
           WHEN k.supabase_user_id IS NULL THEN 'held: by an operator'
           WHEN k.legacy_user_id LIKE 'rowid:%%' THEN 'ambiguous: the legacy id is missing or repeated'
           WHEN a.id IS NULL THEN 'unconfirmed: the account in the claims file is not there or may not claim'
           WHEN count(*) OVER (PARTITION BY k.supabase_user_id) > 1 AND NOT {merge}
               THEN 'ambiguous: the claims file gives the account to two legacy users'
           WHEN EXISTS (SELECT FROM etl.legacy_user_map AS c WHERE c.supabase_user_id = k.supabase_user_id) AND NOT {merge}
               THEN 'ambiguous: the account was claimed by another legacy user'
       END AS hindrance
FROM etl.claims AS k
LEFT JOIN ({accounts}) AS a ON a.id = k.supabase_user_id AND a.hindrance IS NULL
