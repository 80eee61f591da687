-- Accounts by profile alone; nothing proves the address.
SELECT p.id,
       translate(btrim(p.email, E' \t\n\r\x0b\x0c'), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') AS email_key,
       NULL::timestamptz AS confirmed_at,
       NULL::text AS hindrance
FROM {profiles} AS p
