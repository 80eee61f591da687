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
