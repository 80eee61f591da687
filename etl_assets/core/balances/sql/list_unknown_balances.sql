-- Balances of which something would have to be taken back, and which the spec does not name any more.
SELECT DISTINCT b.balance FROM etl.balances AS b
WHERE (b.wave = %(wave)s OR b.legacy_user_id = ANY (%(users)s)) AND NOT b.balance = ANY (%(known)s)
ORDER BY 1
