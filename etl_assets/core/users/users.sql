-- name: find_user :first (user)
-- One legacy user's entry in the map.
SELECT m.supabase_user_id::text, m.wave, m.claimed_at, m.migrated_at, m.state, m.reason, m.since, m.claimed_by_operator,
       split_part(m.email_key, '@', 2)
FROM etl.legacy_user_map AS m WHERE m.legacy_user_id = %(user)s

-- name: list_profiles :fragment {profiles}
-- Accounts by profile alone; nothing proves the address.
SELECT p.id,
       lower(btrim(p.email, E' \t\n\r\x0b\x0c') COLLATE "C") COLLATE "default" AS email_key,
       NULL::timestamptz AS confirmed_at,
       NULL::text AS hindrance
FROM {profiles} AS p

-- name: sso_rule :fragment {domains}
-- An SSO account proves its provider's word, not the mailbox; domains are opted in one by one.
WHEN a.is_sso_user AND lower(split_part(a.email, '@', 2)) = ANY ({domains}::text[]) IS NOT TRUE
    THEN 'the account signs in through SSO'

-- name: list_accounts :fragment {hindrances, profiles}
-- Accounts, and what keeps each from claiming and from holding what was claimed. Only ASCII is folded, as in
-- transform/users.py: lower() of collation "C" does that (https://www.postgresql.org/docs/current/collation.html), and in
-- a seventeenth of the time that translate() takes; the map's index is of the default collation.
SELECT a.id,
       lower(btrim(a.email, E' \t\n\r\x0b\x0c') COLLATE "C") COLLATE "default" AS email_key,
       a.email_confirmed_at AS confirmed_at,
       CASE {hindrances} WHEN p.id IS NULL THEN 'the account has no profile' END AS hindrance
FROM auth.users AS a
LEFT JOIN {profiles} AS p ON p.id = a.id

-- name: list_email_accounts :fragment
-- Confirmed accounts that have nothing but an e-mail identity, and whether they were confirmed within a second.
SELECT a.email_confirmed_at - a.created_at BETWEEN interval '-1 second' AND interval '1 second' AS is_at_once
FROM auth.users AS a
WHERE a.email_confirmed_at IS NOT NULL
  AND EXISTS (SELECT FROM auth.identities AS i WHERE i.user_id = a.id AND i.provider = 'email')
  AND NOT EXISTS (SELECT FROM auth.identities AS i WHERE i.user_id = a.id AND i.provider <> 'email')

-- name: list_no_accounts :fragment
-- No account: this auth schema does not tell which identities an account has.
SELECT true AS is_at_once WHERE false

-- name: judge_claims :fragment {accounts, merge}
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

-- name: user_states :fragment {accounts, another, claims, incomplete, merge, of_users, repeated}
-- Each legacy user's state, first match wins. `claimable` becomes `resolved` when a wave opens.
-- Whoever left the legacy app without a claim stands in nobody's way. A line of the claims file outranks the address,
-- and takes its account from whoever has the address. A claim stays with its account, and is on hold for as long as that
-- account may not hold it; of whom nobody has claimed the addresses are looked at, and of no other.
WITH unclaimed AS MATERIALIZED (
    SELECT DISTINCT m.email_key FROM etl.legacy_user_map AS m
    WHERE m.supabase_user_id IS NULL AND m.email_key IS NOT NULL {of_users}),
accounts AS MATERIALIZED (SELECT a.* FROM ({accounts}) AS a JOIN unclaimed AS w ON w.email_key = a.email_key),
candidates AS (
    SELECT email_key,
           count(*) AS accounts,
           count(*) FILTER (WHERE hindrance IS NULL) AS eligible,
           (array_agg(id) FILTER (WHERE hindrance IS NULL))[1] AS account_id,
           min(confirmed_at) FILTER (WHERE hindrance IS NULL) AS confirmed_at
    FROM accounts GROUP BY email_key),
twins AS (
    SELECT t.email_key FROM etl.legacy_user_map AS t
    JOIN unclaimed AS w ON w.email_key = t.email_key
    WHERE t.supabase_user_id IS NOT NULL OR t.snapshot = (SELECT d.snapshot FROM etl.staged AS d WHERE d."table" = 'users')
    GROUP BY t.email_key HAVING count(*) > 1),
filed AS ({claims}),
incomplete AS ({incomplete}),
judged AS (
    SELECT m.legacy_user_id,
           CASE WHEN f.legacy_user_id IS NULL THEN c.account_id ELSE f.account_id END AS account_id,
           CASE WHEN f.legacy_user_id IS NULL THEN c.confirmed_at ELSE f.confirmed_at END AS confirmed_at,
           CASE
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
    WHERE m.supabase_user_id IS NULL {of_users}
    UNION ALL
    SELECT m.legacy_user_id, m.supabase_user_id, m.confirmed_at,
           CASE
               WHEN m.held IS NOT NULL THEN 'held: ' || m.held
               WHEN h.id IS NULL THEN 'held: the account is gone'
               WHEN h.hindrance IS NOT NULL THEN 'held: ' || h.hindrance
               WHEN m.is_another THEN 'resolved: ' || {another}
               ELSE 'resolved'
           END
    FROM etl.legacy_user_map AS m
    LEFT JOIN ({accounts}) AS h ON h.id = m.supabase_user_id
    WHERE m.supabase_user_id IS NOT NULL {of_users})
SELECT legacy_user_id, account_id, confirmed_at,
       split_part(verdict, ': ', 1) AS state,
       nullif(split_part(verdict, ': ', 2), '') AS reason
FROM judged

-- name: find_candidates :many {accounts, claims, merge}
-- Unclaimed users whose address belongs to an account that may claim, or whom the claims file gives to one: whom a wave
-- could take now, their rows aside. Materialized, because folding an address is the costly part and accounts that have
-- claimed need none.
WITH free AS MATERIALIZED (
    SELECT a.email_key FROM ({accounts}) AS a
    WHERE a.hindrance IS NULL
      AND ({merge} OR NOT EXISTS (SELECT FROM etl.legacy_user_map AS c WHERE c.supabase_user_id = a.id)))
SELECT m.legacy_user_id
FROM free AS f
JOIN etl.legacy_user_map AS m ON m.email_key = f.email_key
WHERE m.supabase_user_id IS NULL AND m.verified AND m.held IS NULL
  AND NOT EXISTS (SELECT FROM etl.claims AS k WHERE k.legacy_user_id = m.legacy_user_id)
UNION
SELECT m.legacy_user_id
FROM ({claims}) AS f
JOIN etl.legacy_user_map AS m ON m.legacy_user_id = f.legacy_user_id
WHERE f.hindrance IS NULL AND m.supabase_user_id IS NULL AND m.held IS NULL

-- name: count_claimable :one {states}
-- Of these candidates, those whom a wave would take now.
SELECT count(*) FROM ({states}) AS s WHERE s.state = 'claimable'

-- name: create_users_batch :exec
-- Users pass through here on their way into the map.
CREATE TEMP TABLE etl_users_batch (
    legacy_user_id text PRIMARY KEY, email text, email_key text, verified boolean NOT NULL,
    created_at timestamptz, created_value text)
ON COMMIT DROP

-- name: copy_users :copy
-- Users as CSV.
COPY pg_temp.etl_users_batch (legacy_user_id, email, email_key, verified, created_at, created_value) FROM STDIN (FORMAT csv, ENCODING 'UTF8')

-- name: merge_users :exec (snapshot)
-- New users are added; the addresses of unclaimed ones follow the legacy app; a claimed one keeps what it claimed by. A
-- moment of sign-up that was not known at the claim is kept from when it is, while the address is the claimed one.
INSERT INTO etl.legacy_user_map AS m
    (legacy_user_id, email, email_key, verified, created_at, created_value, snapshot, seen_email_key, seen_created_at,
     seen_created_value, seen_email, seen_verified)
SELECT legacy_user_id, email, email_key, verified, created_at, created_value, %(snapshot)s, email_key, created_at,
       created_value, email, verified
FROM pg_temp.etl_users_batch
ON CONFLICT (legacy_user_id) DO UPDATE SET
    snapshot = excluded.snapshot,
    seen_email_key = excluded.seen_email_key,
    seen_created_at = excluded.seen_created_at,
    seen_created_value = excluded.seen_created_value,
    seen_email = excluded.seen_email,
    seen_verified = excluded.seen_verified,
    email = CASE WHEN m.supabase_user_id IS NULL THEN excluded.email ELSE m.email END,
    email_key = CASE WHEN m.supabase_user_id IS NULL THEN excluded.email_key ELSE m.email_key END,
    verified = CASE WHEN m.supabase_user_id IS NULL THEN excluded.verified ELSE m.verified END,
    created_at = CASE WHEN m.supabase_user_id IS NULL OR m.created_value IS NULL AND m.email_key = excluded.email_key
                      THEN excluded.created_at ELSE m.created_at END,
    created_value = CASE WHEN m.supabase_user_id IS NULL OR m.created_value IS NULL AND m.email_key = excluded.email_key
                         THEN excluded.created_value ELSE m.created_value END

-- name: hold_reused :exec (held, users)
-- Somebody has the legacy id of a person who was forgotten: whether that is another person, an operator has to say.
UPDATE etl.legacy_user_map AS m SET held = %(held)s
WHERE m.legacy_user_id = ANY (%(users)s) AND m.supabase_user_id IS NULL AND m.held IS NULL

-- name: count_users :one
-- All legacy users ever seen.
SELECT count(*) FROM etl.legacy_user_map

-- name: next_wave_moment :one
-- Now, or the second after the last wave when that is later: two waves never share a key.
SELECT greatest(
    date_trunc('second', clock_timestamp()),
    (SELECT max(to_timestamp(wave, 'YYYY-MM-DD"T"HH24MISS"Z"')) + interval '1 second' FROM etl.waves))

-- name: claim_users :exec (run, wave) {states}
-- The claim, with its evidence: the confirmed account, and an operator's word where she gave it. Only unclaimed users
-- are touched.
UPDATE etl.legacy_user_map AS m
SET supabase_user_id = s.account_id, confirmed_at = s.confirmed_at, wave = %(wave)s,
    claimed_at = clock_timestamp(), claimed_by_run = %(run)s, state = 'resolved', reason = NULL,
    since = clock_timestamp(), claimed_by_operator = k.reason
FROM ({states}) AS s
LEFT JOIN etl.claims AS k ON k.legacy_user_id = s.legacy_user_id AND k.supabase_user_id = s.account_id
WHERE s.legacy_user_id = m.legacy_user_id AND s.state = 'claimable' AND m.supabase_user_id IS NULL

-- name: label_users :exec {states}
-- The state of this moment, for whoever reads the map; written only where it differs.
UPDATE etl.legacy_user_map AS m
SET state = v.state, reason = v.reason,
    since = CASE WHEN m.state IS DISTINCT FROM v.state THEN clock_timestamp() ELSE m.since END
FROM (
    SELECT legacy_user_id,
           CASE state WHEN 'claimable' THEN 'waiting' ELSE state END AS state,
           CASE state WHEN 'claimable' THEN 'claimable: the next wave takes this user' ELSE reason END AS reason
    FROM ({states}) AS s) AS v
WHERE v.legacy_user_id = m.legacy_user_id AND (m.state, m.reason) IS DISTINCT FROM (v.state, v.reason)

-- name: count_user_states :many {states}
-- Legacy users per state.
SELECT s.state, count(*) FROM ({states}) AS s GROUP BY s.state

-- name: count_labels :many
-- Legacy users per state, as they were last labelled.
SELECT m.state, count(*) FROM etl.legacy_user_map AS m GROUP BY m.state

-- name: count_present :one
-- Users of the staged snapshot.
SELECT count(*) FROM etl.legacy_user_map AS m
WHERE m.snapshot = (SELECT d.snapshot FROM etl.staged AS d WHERE d."table" = 'users')
