-- Accounts with a confirmed address and a profile. Only ASCII is folded: see transform/users.py.
SELECT a.id,
       translate(btrim(a.email, E' \t\n\r\x0b\x0c'), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') AS email_key,
       a.email_confirmed_at AS confirmed_at,
       {conditions} AND p.id IS NOT NULL AS may_claim
FROM auth.users AS a
LEFT JOIN {profiles} AS p ON p.id = a.id
