-- How many changes to balances an undo would take back.
SELECT count(*) FROM etl.balances AS b
WHERE b.balance = {balance} AND (b.wave = %(wave)s OR b.legacy_user_id = ANY (%(users)s))
