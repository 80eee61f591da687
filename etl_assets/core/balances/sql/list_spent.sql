-- Users whose balance, of which something would be taken back, is not what we left: it was spent or earned since.
SELECT DISTINCT b.legacy_user_id
FROM etl.balances AS b
JOIN {profiles} AS p ON p.id = b.account
WHERE b.balance = {balance} AND (b.wave = %(wave)s OR b.legacy_user_id = ANY (%(users)s))
  AND p.{column}::numeric IS DISTINCT FROM (
      SELECT r.after FROM etl.balances AS r WHERE r.balance = b.balance AND r.account = b.account
      ORDER BY r.id DESC LIMIT 1)
ORDER BY 1
