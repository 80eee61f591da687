-- The legacy app's own figure, once; where changes are to be written over, what it has changed by since.
SELECT b.legacy_user_id, b.account, b.held, b.own, g.amount - b.total AS amount,
       EXISTS (SELECT FROM etl.balances AS r WHERE r.balance = {balance} AND r.account = b.account) AS is_later
FROM pg_temp.etl_before AS b
JOIN etl.legacy_user_map AS m ON m.legacy_user_id = b.legacy_user_id
JOIN etl.legacy_balances AS g ON g.balance = {balance} AND g.legacy_user_id = b.legacy_user_id
WHERE b.balance = {balance}
  AND ({again} OR NOT EXISTS (
      SELECT FROM etl.balances AS r WHERE r.balance = {balance} AND r.legacy_user_id = b.legacy_user_id))
