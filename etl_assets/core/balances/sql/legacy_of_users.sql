-- Balances as the legacy app's users table has them.
SELECT g.legacy_user_id, g.amount FROM etl.legacy_balances AS g WHERE g.balance = {balance}
