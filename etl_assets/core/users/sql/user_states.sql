-- Each legacy user's state, first match wins. `claimable` becomes `resolved` when a wave opens.
-- Whoever left the legacy app without a claim stands in nobody's way. A line of the claims file outranks the address,
-- and takes its account from whoever has the address. A claim stays with its account, and is on hold for as long as that
-- account may not hold it.
WITH accounts AS MATERIALIZED (SELECT * FROM ({accounts}) AS a WHERE true {of_keys}),
candidates AS (
    SELECT email_key,
           count(*) AS accounts,
           count(*) FILTER (WHERE hindrance IS NULL) AS eligible,
           (array_agg(id) FILTER (WHERE hindrance IS NULL))[1] AS account_id,
           min(confirmed_at) FILTER (WHERE hindrance IS NULL) AS confirmed_at
    FROM accounts WHERE email_key IS NOT NULL GROUP BY email_key),
twins AS (
    SELECT email_key FROM etl.legacy_user_map
    WHERE email_key IS NOT NULL
      AND (supabase_user_id IS NOT NULL OR snapshot = (SELECT d.snapshot FROM etl.staged AS d WHERE d."table" = 'users'))
      {of_keys}
    GROUP BY email_key HAVING count(*) > 1),
filed AS ({claims}),
incomplete AS ({incomplete}),
judged AS (
    SELECT m.legacy_user_id,
           CASE WHEN f.legacy_user_id IS NULL THEN c.account_id ELSE f.account_id END AS account_id,
           CASE WHEN f.legacy_user_id IS NULL THEN c.confirmed_at ELSE f.confirmed_at END AS confirmed_at,
           CASE
               WHEN m.supabase_user_id IS NOT NULL AND m.held IS NOT NULL THEN 'held: ' || m.held
               WHEN m.supabase_user_id IS NOT NULL AND h.id IS NULL THEN 'held: the account is gone'
               WHEN m.supabase_user_id IS NOT NULL AND h.hindrance IS NOT NULL THEN 'held: ' || h.hindrance
               WHEN m.supabase_user_id IS NOT NULL AND m.is_another THEN 'resolved: ' || {another}
               WHEN m.supabase_user_id IS NOT NULL THEN 'resolved'
               WHEN f.legacy_user_id IS NOT NULL THEN coalesce(
                   f.hindrance, 'held: ' || m.held,
                   CASE WHEN i.legacy_user_id IS NULL THEN 'claimable' ELSE 'held: has quarantined rows' END)
               WHEN m.email IS NULL OR btrim(m.email, E' \t\n\r\x0b\x0c') = '' THEN 'no_email'
               WHEN m.email_key IS NULL THEN 'invalid_email'
               WHEN m.legacy_user_id LIKE 'rowid:%%' OR m.legacy_user_id IN ({repeated}) THEN 'ambiguous: the legacy id is missing or repeated'
               WHEN m.snapshot IS DISTINCT FROM now.snapshot AND EXISTS (
                   SELECT FROM etl.legacy_user_map AS c
                   WHERE c.email_key = m.email_key AND c.snapshot = now.snapshot)
                   THEN 'ambiguous: left the legacy app, where another user has the address now'
               WHEN t.email_key IS NOT NULL AND NOT {merge} THEN 'ambiguous: two legacy users share the address'
               WHEN c.eligible > 1 THEN 'ambiguous: two accounts share the address'
               WHEN c.eligible = 1 AND o.supabase_user_id IS NOT NULL AND NOT {merge}
                   THEN 'ambiguous: the account was claimed by another legacy user'
               WHEN c.eligible = 1 AND g.supabase_user_id IS NOT NULL AND NOT {merge}
                   THEN 'ambiguous: the claims file gives the account to another legacy user'
               WHEN m.held IS NOT NULL THEN 'held: ' || m.held
               WHEN i.legacy_user_id IS NOT NULL THEN 'held: has quarantined rows'
               WHEN NOT m.verified THEN 'unconfirmed: the legacy address was never verified'
               WHEN c.eligible = 1 THEN 'claimable'
               WHEN c.accounts > 0 THEN 'unconfirmed: no account with this address may claim'
               ELSE 'waiting'
           END AS verdict
    FROM etl.legacy_user_map AS m
    CROSS JOIN (SELECT max(d.snapshot) AS snapshot FROM etl.staged AS d WHERE d."table" = 'users') AS now
    LEFT JOIN ({accounts}) AS h ON h.id = m.supabase_user_id
    LEFT JOIN candidates AS c ON c.email_key = m.email_key
    LEFT JOIN twins AS t ON t.email_key = m.email_key
    LEFT JOIN (
        SELECT DISTINCT supabase_user_id FROM etl.legacy_user_map
        WHERE supabase_user_id IN (SELECT account_id FROM candidates)) AS o ON o.supabase_user_id = c.account_id
    LEFT JOIN filed AS f ON f.legacy_user_id = m.legacy_user_id
    LEFT JOIN (
        SELECT DISTINCT supabase_user_id FROM etl.claims
        WHERE supabase_user_id IS NOT NULL) AS g ON g.supabase_user_id = c.account_id
    LEFT JOIN (SELECT DISTINCT legacy_user_id FROM incomplete) AS i ON i.legacy_user_id = m.legacy_user_id
    WHERE true {of_users})
SELECT legacy_user_id, account_id, confirmed_at,
       split_part(verdict, ': ', 1) AS state,
       nullif(split_part(verdict, ': ', 2), '') AS reason
FROM judged
