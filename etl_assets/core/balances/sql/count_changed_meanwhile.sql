-- Balances that something else has changed within this transaction: a trigger on the tables that were just loaded.
SELECT count(*), (array_agg(b.legacy_user_id ORDER BY b.legacy_user_id))[1:6]
FROM pg_temp.etl_before AS b
JOIN {profiles} AS p ON p.id = b.account
WHERE b.balance = {balance} AND p.{column}::numeric IS DISTINCT FROM b.held
