-- Each loaded row counts once, whenever it arrives; a row that was written over counts by the difference.
SELECT b.legacy_user_id, b.account, b.held, b.own, ({total}) - b.total AS amount,
       EXISTS (SELECT FROM etl.balances AS r WHERE r.balance = {balance} AND r.account = b.account) AS is_later
FROM pg_temp.etl_before AS b
JOIN etl.legacy_user_map AS m ON m.legacy_user_id = b.legacy_user_id
WHERE b.balance = {balance}
