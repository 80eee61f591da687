-- name: clear_legacy_balances :exec
-- What the former snapshot said.
DELETE FROM etl.legacy_balances

-- name: clear_user_faults :exec
-- Balances of the former snapshot that could not be read.
DELETE FROM etl.quarantine WHERE "table" = 'users'

-- name: create_balances_batch :exec
-- Balances and their faults pass through here.
CREATE TEMP TABLE IF NOT EXISTS etl_balances_batch (
    legacy_user_id text, amount numeric, "column" text, storage_class text, value text, rule text) ON COMMIT DROP

-- name: copy_balances :copy
-- Balances as CSV.
COPY pg_temp.etl_balances_batch (legacy_user_id, amount, "column", storage_class, value, rule)
FROM STDIN (FORMAT csv, ENCODING 'UTF8')

-- name: keep_balances :exec (balance)
-- The readable ones; a balance that is NULL is none.
INSERT INTO etl.legacy_balances (balance, legacy_user_id, amount)
SELECT %(balance)s, b.legacy_user_id, b.amount FROM pg_temp.etl_balances_batch AS b
WHERE b.rule IS NULL AND b.amount IS NOT NULL
ON CONFLICT DO NOTHING

-- name: keep_balance_faults :exec
-- The others, for whoever corrects them: their users are held.
WITH moved AS (DELETE FROM pg_temp.etl_balances_batch RETURNING *)
INSERT INTO etl.quarantine ("table", legacy_id, legacy_user_id, via_key, "column", storage_class, value, rule)
SELECT 'users', legacy_user_id, legacy_user_id, NULL, "column", storage_class, value, rule FROM moved
WHERE rule IS NOT NULL

-- name: drop_before :exec
-- A transaction looks at several balances, and a dry run at several batches.
DROP TABLE IF EXISTS pg_temp.etl_before

-- name: create_before :exec
-- What balances, and the rows that they add up from, are before anything of a batch is written.
CREATE TEMP TABLE etl_before (
    balance text, legacy_user_id text, account uuid, held numeric, total numeric, own numeric)
ON COMMIT DROP

-- name: note_before :exec (users) {accounts, arrived, balance, column, profiles, total, totals}
-- One balance of these users, as far as their accounts may hold anything, and their accounts' own transactions.
INSERT INTO pg_temp.etl_before (balance, legacy_user_id, account, held, total, own)
SELECT {balance}, m.legacy_user_id, m.supabase_user_id, p.{column}::numeric, ({total}),
       coalesce(t.total, 0) - coalesce(a.arrived, 0)
FROM etl.legacy_user_map AS m
JOIN {profiles} AS p ON p.id = m.supabase_user_id
JOIN ({accounts}) AS h ON h.id = m.supabase_user_id AND h.hindrance IS NULL
LEFT JOIN ({totals}) AS t ON t.legacy_user_id = m.legacy_user_id
LEFT JOIN ({arrived}) AS a ON a.legacy_user_id = m.legacy_user_id
WHERE m.legacy_user_id = ANY (%(users)s)

-- name: count_changed_meanwhile :one {balance, column, profiles}
-- Balances that something else has changed within this transaction: a trigger on the tables that were just loaded.
SELECT count(*), (array_agg(b.legacy_user_id ORDER BY b.legacy_user_id))[1:6]
FROM pg_temp.etl_before AS b
JOIN {profiles} AS p ON p.id = b.account
WHERE b.balance = {balance} AND p.{column}::numeric IS DISTINCT FROM b.held

-- name: apply_balance :one (run, wave) {balance, column, profiles, sets, wanted}
-- Writes each account's balance once, whoever of its legacy users brings something, and notes what it was before.
WITH wanted AS MATERIALIZED ({wanted}),
due AS MATERIALIZED (
    SELECT w.*, CASE WHEN {sets} AND NOT w.is_later THEN 0 ELSE coalesce(w.held, 0) END
                + sum(w.amount) OVER (PARTITION BY w.account ORDER BY w.legacy_user_id) AS after
    FROM wanted AS w
    JOIN etl.legacy_user_map AS m ON m.legacy_user_id = w.legacy_user_id
    WHERE (w.amount <> 0 OR NOT EXISTS (
          SELECT FROM etl.balances AS r WHERE r.balance = {balance} AND r.legacy_user_id = w.legacy_user_id))
      AND m.held IS NULL
      AND NOT m.is_another),
final AS (SELECT DISTINCT ON (account) account, after FROM due ORDER BY account, legacy_user_id DESC),
written AS (
    UPDATE {profiles} AS p SET {column} = f.after FROM final AS f WHERE p.id = f.account
    RETURNING p.id, p.{column}::numeric = f.after AS is_exact),
entered AS (
    INSERT INTO etl.balances (balance, legacy_user_id, account, wave, run, before, amount, after, own)
    SELECT {balance}, d.legacy_user_id, d.account, %(wave)s, %(run)s,
           coalesce(lag(d.after) OVER (PARTITION BY d.account ORDER BY d.legacy_user_id), d.held), d.amount, d.after, d.own
    FROM due AS d ORDER BY d.account, d.legacy_user_id
    RETURNING 1)
SELECT (SELECT count(*) FROM entered),
       (SELECT count(*) FROM final) - (SELECT count(*) FROM written WHERE is_exact),
       ARRAY(SELECT d.legacy_user_id FROM due AS d LEFT JOIN written AS w ON w.id = d.account
             WHERE w.is_exact IS NOT TRUE ORDER BY d.legacy_user_id LIMIT 6)

-- name: list_changed_balances :many {accounts, again, balance}
-- Users who have moved and whose balance is still to be applied, because it could not be read or was not there then; and,
-- where changes are to be written over, those whose balance the legacy app has changed since.
SELECT g.legacy_user_id
FROM etl.legacy_balances AS g
JOIN etl.legacy_user_map AS m ON m.legacy_user_id = g.legacy_user_id AND m.held IS NULL
JOIN etl.waves AS w ON w.wave = m.wave AND w.loaded_at IS NOT NULL
JOIN ({accounts}) AS h ON h.id = m.supabase_user_id AND h.hindrance IS NULL
LEFT JOIN (SELECT b.legacy_user_id, sum(b.amount) AS amount FROM etl.balances AS b
           WHERE b.balance = {balance} GROUP BY b.legacy_user_id) AS r ON r.legacy_user_id = g.legacy_user_id
WHERE g.balance = {balance} AND (r.legacy_user_id IS NULL OR {again} AND r.amount <> g.amount)
  AND NOT m.is_another

-- name: list_spent :many (users, wave) {balance, column, profiles}
-- Users whose balance, of which something would be taken back, is not what we left: it was spent or earned since.
SELECT DISTINCT b.legacy_user_id
FROM etl.balances AS b
JOIN {profiles} AS p ON p.id = b.account
WHERE b.balance = {balance} AND (b.wave = %(wave)s OR b.legacy_user_id = ANY (%(users)s))
  AND p.{column}::numeric IS DISTINCT FROM (
      SELECT r.after FROM etl.balances AS r WHERE r.balance = b.balance AND r.account = b.account
      ORDER BY r.id DESC LIMIT 1)
ORDER BY 1

-- name: undo_balance :one (users, wave) {balance, column, profiles, sets}
-- Takes the amounts back and leaves the other notes of an account as if these had never been: what follows is shifted,
-- and whichever comes first now knows what the account held before us. What users spent or earned between our notes
-- stays. An account that held nothing, NULL, before us and has nothing now holds NULL again.
WITH gone AS (
    DELETE FROM etl.balances AS b
    WHERE b.balance = {balance} AND (b.wave = %(wave)s OR b.legacy_user_id = ANY (%(users)s))
    RETURNING b.id, b.account, b.amount),
notes AS (
    SELECT b.id, b.account, b.before, b.after, g.id IS NOT NULL AS is_gone,
           coalesce(sum(g.amount) OVER earlier, 0) AS taken,
           first_value(b.before) OVER earlier AS first_before,
           first_value(g.id IS NOT NULL) OVER earlier AS is_first_gone
    FROM etl.balances AS b
    LEFT JOIN gone AS g ON g.id = b.id
    WHERE b.balance = {balance} AND b.account IN (SELECT account FROM gone)
    WINDOW earlier AS (PARTITION BY b.account ORDER BY b.id)),
rest AS (
    SELECT n.id, n.after - n.taken AS after,
           CASE WHEN n.is_first_gone AND row_number() OVER (PARTITION BY n.account ORDER BY n.id) = 1
                THEN nullif(n.before - n.taken + CASE WHEN {sets} THEN coalesce(n.first_before, 0) ELSE 0 END,
                            CASE WHEN n.first_before IS NULL THEN 0 END)
                ELSE n.before - n.taken END AS before
    FROM notes AS n WHERE NOT n.is_gone),
shifted AS (
    UPDATE etl.balances AS b SET before = r.before, after = r.after FROM rest AS r WHERE b.id = r.id),
final AS (
    SELECT DISTINCT ON (n.account) n.account,
           CASE WHEN EXISTS (SELECT FROM notes AS k WHERE k.account = n.account AND NOT k.is_gone) THEN n.after - n.taken
                ELSE nullif(n.after - n.taken + CASE WHEN {sets} THEN coalesce(n.first_before, 0) ELSE 0 END,
                            CASE WHEN n.first_before IS NULL THEN 0 END) END AS held
    FROM notes AS n ORDER BY n.account, n.id DESC),
written AS (
    UPDATE {profiles} AS p SET {column} = f.held FROM final AS f WHERE p.id = f.account
    RETURNING p.{column}::numeric IS NOT DISTINCT FROM f.held AS is_exact)
SELECT (SELECT count(*) FROM gone),
       (SELECT count(*) FROM final AS f JOIN {profiles} AS p ON p.id = f.account)
       - (SELECT count(*) FROM written WHERE is_exact)

-- name: list_unknown_balances :many (known, users, wave)
-- Balances of which something would have to be taken back, and which the spec does not name any more.
SELECT DISTINCT b.balance FROM etl.balances AS b
WHERE (b.wave = %(wave)s OR b.legacy_user_id = ANY (%(users)s)) AND NOT b.balance = ANY (%(known)s)
ORDER BY 1

-- name: sum_of_applied :fragment {balance}
-- What was applied to a user's balance so far.
SELECT coalesce(sum(b.amount), 0) FROM etl.balances AS b
WHERE b.balance = {balance} AND b.legacy_user_id = m.legacy_user_id

-- name: sum_of_rows :fragment {amount, id, id_type, table, target}
-- What a user's loaded rows add up to in production.
SELECT coalesce(sum(t.{amount}::numeric), 0)
FROM etl.loaded AS l
JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
WHERE l."table" = {table} AND l.legacy_user_id = m.legacy_user_id

-- name: no_transactions :fragment
-- No column to compare with.
SELECT NULL::text AS legacy_user_id, NULL::numeric AS total, NULL::numeric AS arrived WHERE false

-- name: totals_of_accounts :fragment {amount, of_users, owner, target}
-- What all transactions of each user's account come to in production, the account's own among them.
SELECT m.legacy_user_id, sum(n.{amount}::numeric) AS total
FROM etl.legacy_user_map AS m JOIN {target} AS n ON n.{owner} = m.supabase_user_id
WHERE {of_users} GROUP BY m.legacy_user_id

-- name: arrived_of_users :fragment {amount, id, id_type, of_users, staging, table, target}
-- What each user's loaded transactions came to when they were loaded: a row that nobody else wrote to, or that is not in
-- the legacy app any more, as it is in production; any other as it is staged.
SELECT m.legacy_user_id,
       sum(CASE WHEN t.xmin = l.xid OR s._legacy_id IS NULL THEN t.{amount}::numeric ELSE s.{amount}::numeric END) AS arrived
FROM etl.legacy_user_map AS m
JOIN etl.loaded AS l ON l.legacy_user_id = m.legacy_user_id AND l."table" = {table}
LEFT JOIN {staging} AS s ON s._legacy_id = l.legacy_id
LEFT JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
WHERE {of_users} GROUP BY m.legacy_user_id

-- name: wanted_from_rows :fragment {balance, total}
-- Each loaded row counts once, whenever it arrives; a row that was written over counts by the difference.
SELECT b.legacy_user_id, b.account, b.held, b.own, ({total}) - b.total AS amount,
       EXISTS (SELECT FROM etl.balances AS r WHERE r.balance = {balance} AND r.account = b.account) AS is_later
FROM pg_temp.etl_before AS b
JOIN etl.legacy_user_map AS m ON m.legacy_user_id = b.legacy_user_id
WHERE b.balance = {balance}

-- name: wanted_from_users :fragment {again, balance}
-- The legacy app's own figure, once; where changes are to be written over, what it has changed by since.
SELECT b.legacy_user_id, b.account, b.held, b.own, g.amount - b.total AS amount,
       EXISTS (SELECT FROM etl.balances AS r WHERE r.balance = {balance} AND r.account = b.account) AS is_later
FROM pg_temp.etl_before AS b
JOIN etl.legacy_user_map AS m ON m.legacy_user_id = b.legacy_user_id
JOIN etl.legacy_balances AS g ON g.balance = {balance} AND g.legacy_user_id = b.legacy_user_id
WHERE b.balance = {balance}
  AND ({again} OR NOT EXISTS (
      SELECT FROM etl.balances AS r WHERE r.balance = {balance} AND r.legacy_user_id = b.legacy_user_id))
