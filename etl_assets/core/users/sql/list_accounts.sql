-- Accounts, and what keeps each from claiming and from holding what was claimed. Only ASCII is folded: see
-- transform/users.py.
SELECT a.id,
       translate(btrim(a.email, E' \t\n\r\x0b\x0c'), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') AS email_key,
       a.email_confirmed_at AS confirmed_at,
       CASE {hindrances} WHEN p.id IS NULL THEN 'the account has no profile' END AS hindrance
FROM auth.users AS a
LEFT JOIN {profiles} AS p ON p.id = a.id
