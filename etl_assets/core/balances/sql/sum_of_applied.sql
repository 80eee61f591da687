-- What was applied to a user's balance so far.
SELECT coalesce(sum(b.amount), 0) FROM etl.balances AS b
WHERE b.balance = {balance} AND b.legacy_user_id = m.legacy_user_id
