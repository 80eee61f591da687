-- What the legacy app says of a user whose balance was not applied.
SELECT g.amount::text FROM etl.legacy_balances AS g WHERE g.balance = {balance} AND g.legacy_user_id = %(user)s
