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
