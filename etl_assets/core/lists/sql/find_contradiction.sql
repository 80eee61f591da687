-- What speaks against one standing claim by now, the gravest first.
SELECT CASE
           WHEN m.is_another THEN {another}
           WHEN m.claimed_by_operator IS NULL AND EXISTS (
               SELECT FROM ({accounts}) AS o
               WHERE o.email_key = m.email_key AND o.hindrance IS NULL AND o.id <> m.supabase_user_id)
               THEN 'another account has the claimed address now'
           WHEN m.claimed_by_operator IS NULL AND h.email_key IS DISTINCT FROM m.email_key
               THEN 'the account has another address now'
           WHEN m.seen_email_key IS DISTINCT FROM m.email_key THEN 'the legacy app has another address now'
       END
FROM etl.legacy_user_map AS m
LEFT JOIN ({accounts}) AS h ON h.id = m.supabase_user_id
WHERE m.legacy_user_id = %(user)s AND m.supabase_user_id IS NOT NULL
