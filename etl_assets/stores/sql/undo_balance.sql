-- Takes the amounts back. An account of which nothing of ours remains gets exactly what it had before us, NULL included.
WITH gone AS (
    DELETE FROM etl.balances AS b
    WHERE b.balance = {balance} AND (b.wave = %(wave)s OR b.legacy_user_id = ANY (%(users)s))
    RETURNING b.id, b.account, b.before, b.amount),
rest AS (
    SELECT g.account, sum(g.amount) AS amount, (array_agg(g.before ORDER BY g.id))[1] AS before,
           (SELECT max(r.id) FROM etl.balances AS r WHERE r.balance = {balance} AND r.account = g.account
              AND r.id NOT IN (SELECT id FROM gone)) AS last
    FROM gone AS g GROUP BY g.account),
written AS (
    UPDATE {profiles} AS p
    SET {column} = CASE WHEN r.last IS NULL THEN r.before ELSE p.{column} - r.amount END
    FROM rest AS r WHERE p.id = r.account
    RETURNING p.id, r.last, p.{column}::numeric AS now)
SELECT w.last, w.now FROM written AS w WHERE w.last IS NOT NULL
