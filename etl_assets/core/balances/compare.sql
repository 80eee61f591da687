-- name: describe_balance :one {cells, listed, shown, users}
-- One balance over all users whose history has arrived: totals, what is wrong or to be known, and some users of each.
WITH users AS MATERIALIZED ({users}),
listed AS (SELECT u.* FROM users AS u WHERE {listed})
SELECT count(*) AS users,
       coalesce(sum(legacy), 0)::text AS legacy,
       coalesce(sum(applied), 0)::text AS applied,
       coalesce(sum(bonus), 0)::text AS bonus,
       coalesce(sum(now), 0)::text AS now,
       count(*) FILTER (WHERE is_unapplied) AS unapplied,
       (array_agg(legacy_user_id ORDER BY legacy_user_id) FILTER (WHERE is_unapplied))[1:6] AS unapplied_sample,
       count(*) FILTER (WHERE is_changed) AS changed_in_legacy,
       (array_agg(legacy_user_id ORDER BY legacy_user_id) FILTER (WHERE is_changed))[1:6] AS changed_sample,
       count(*) FILTER (WHERE is_used) AS used,
       count(*) FILTER (WHERE difference <> 0) AS apart,
       (array_agg(legacy_user_id ORDER BY legacy_user_id) FILTER (WHERE difference <> 0))[1:6] AS apart_sample,
       count(*) FILTER (WHERE hindrance <> 'no_balance') AS uncompared,
       (array_agg(DISTINCT hindrance) FILTER (WHERE hindrance <> 'no_balance')) AS hindrances,
       coalesce(sum(arrived), 0)::text AS arrived,
       coalesce(sum(own), 0)::text AS own,
       coalesce(sum(difference), 0)::text AS difference,
       (SELECT count(*) FROM listed) AS listed,
       (SELECT jsonb_agg(jsonb_build_array({cells}))
        FROM (SELECT * FROM listed ORDER BY legacy_user_id LIMIT {shown}) AS u) AS shown
FROM users

-- name: balance_cells :fragment
-- One user's balance as text: see `UserBalance`.
u.legacy_user_id, u.legacy::text, u.at_claim::text, u.applied::text, u.bonus::text, u.now::text, u.arrived::text,
u.own::text, u.difference::text, u.hindrance, to_char(u.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS UTC'),
u.change

-- name: is_balance_listed :fragment
-- Something about the user's balance differs, or it was not compared for a reason of her own.
(u.is_unapplied OR u.is_changed OR u.difference <> 0 OR u.hindrance IN ('merged', 'unreadable', 'not_noted'))

-- name: find_legacy_balance :many (user) {balance}
-- What the legacy app says of a user whose balance was not applied.
SELECT g.amount::text FROM etl.legacy_balances AS g WHERE g.balance = {balance} AND g.legacy_user_id = %(user)s

-- name: list_balances :many {cells, listed, users}
-- Balances of users.
SELECT {cells} FROM ({users}) AS u WHERE {listed} ORDER BY u.legacy_user_id

-- name: balance_of_users :fragment
--     {accounts, again, arrived, balance, column, hindrance, legacy, of_users, profiles, sets, source, totals}
-- One balance, user by user, of those whose history has arrived; of one on hold, what was applied and not taken back.
-- `difference` is by how much the balance has moved otherwise than the account's transactions since it was applied;
-- `hindrance` says why that is not known, `change` what the legacy app did since.
WITH applied AS (
    SELECT b.legacy_user_id, sum(b.amount) AS amount, sum(b.amount) FILTER (WHERE b.wave = m.wave) AS at_claim,
           max(b.id) AS last, (array_agg(b.before ORDER BY b.id))[1] AS before, (array_agg(b.own ORDER BY b.id))[1] AS own
    FROM etl.balances AS b JOIN etl.legacy_user_map AS m ON m.legacy_user_id = b.legacy_user_id
    WHERE b.balance = {balance} GROUP BY b.legacy_user_id),
claims AS (
    SELECT m.legacy_user_id, m.supabase_user_id AS account, m.snapshot, m.held IS NOT NULL AS is_held,
           EXISTS (SELECT FROM etl.legacy_user_map AS o
                   WHERE o.supabase_user_id = m.supabase_user_id AND o.legacy_user_id <> m.legacy_user_id) AS is_merged,
           EXISTS (SELECT FROM etl.quarantine AS q
                   WHERE q."table" = 'users' AND q.legacy_id = m.legacy_user_id
                     AND q."column" = {source}::text) AS is_unreadable
    FROM etl.legacy_user_map AS m
    JOIN etl.waves AS w ON w.wave = m.wave AND w.loaded_at IS NOT NULL
    WHERE NOT m.is_another AND {of_users}),
users AS (
    SELECT c.legacy_user_id, g.amount AS legacy, a.at_claim, a.amount AS applied, a.before AS bonus,
           p.{column}::numeric AS now, r.after AS left_with, r.at, coalesce(i.arrived, 0) AS arrived,
           coalesce(t.total, 0) - coalesce(i.arrived, 0) AS own,
           NOT EXISTS (SELECT FROM etl.staged AS d WHERE d."table" = 'users' AND d.snapshot = c.snapshot) AS is_gone,
           c.is_unreadable,
           CASE WHEN a.legacy_user_id IS NULL AND c.is_unreadable THEN 'unreadable'
                WHEN a.legacy_user_id IS NULL THEN 'no_balance'
                WHEN {hindrance}::text IS NOT NULL THEN {hindrance}::text
                WHEN c.is_merged THEN 'merged'
                WHEN a.own IS NULL THEN 'not_noted' END AS hindrance,
           coalesce(p.{column}::numeric, 0) - a.amount - CASE WHEN {sets} THEN 0 ELSE coalesce(a.before, 0) END
           - (coalesce(t.total, 0) - coalesce(i.arrived, 0) - a.own) AS gap
    FROM claims AS c
    JOIN {profiles} AS p ON p.id = c.account
    LEFT JOIN ({legacy}) AS g ON g.legacy_user_id = c.legacy_user_id
    LEFT JOIN applied AS a ON a.legacy_user_id = c.legacy_user_id
    LEFT JOIN etl.balances AS r ON r.id = a.last
    LEFT JOIN ({totals}) AS t ON t.legacy_user_id = c.legacy_user_id
    LEFT JOIN ({arrived}) AS i ON i.legacy_user_id = c.legacy_user_id
    LEFT JOIN ({accounts}) AS h ON h.id = c.account
    WHERE a.legacy_user_id IS NOT NULL OR (h.hindrance IS NULL AND NOT c.is_held))
SELECT u.legacy_user_id, u.legacy, u.at_claim, u.applied, u.bonus, u.now, u.arrived, u.own, u.at,
       CASE WHEN u.hindrance IS NULL THEN u.gap END AS difference, u.hindrance,
       u.legacy IS NOT NULL AND u.applied IS NULL AS is_unapplied,
       u.applied IS NOT NULL AND u.legacy IS DISTINCT FROM u.applied AS is_changed,
       CASE WHEN u.applied IS NULL AND u.legacy IS NOT NULL THEN 'unapplied'
            WHEN u.applied IS NULL OR u.legacy IS NOT DISTINCT FROM u.applied THEN NULL
            WHEN u.legacy IS NULL AND u.is_unreadable AND NOT u.is_gone THEN 'new_balance_refused'
            WHEN u.legacy IS NULL OR u.is_gone THEN 'balance_vanished_in_legacy'
            WHEN {source}::text IS NULL THEN 'balance_rows_changed_in_legacy'
            WHEN {again} THEN 'balance_change_waits'
            ELSE 'balance_changed_in_legacy' END AS change,
       coalesce(u.now <> u.left_with, false) AS is_used
FROM users AS u

-- name: legacy_of_users :fragment {balance}
-- Balances as the legacy app's users table has them.
SELECT g.legacy_user_id, g.amount FROM etl.legacy_balances AS g WHERE g.balance = {balance}

-- name: legacy_of_rows :fragment {amount, staging, table}
-- What was loaded of each user's rows, as it is staged now.
SELECT l.legacy_user_id, coalesce(sum(s.{amount}::numeric), 0) AS amount
FROM etl.loaded AS l LEFT JOIN {staging} AS s ON s._legacy_id = l.legacy_id
WHERE l."table" = {table} GROUP BY l.legacy_user_id
