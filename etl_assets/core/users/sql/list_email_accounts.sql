-- Confirmed accounts that have nothing but an e-mail identity, and whether they were confirmed within a second.
SELECT a.email_confirmed_at - a.created_at BETWEEN interval '-1 second' AND interval '1 second' AS is_at_once
FROM auth.users AS a
WHERE a.email_confirmed_at IS NOT NULL
  AND EXISTS (SELECT FROM auth.identities AS i WHERE i.user_id = a.id AND i.provider = 'email')
  AND NOT EXISTS (SELECT FROM auth.identities AS i WHERE i.user_id = a.id AND i.provider <> 'email')
