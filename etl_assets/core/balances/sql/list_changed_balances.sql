-- Users who have moved and whose balance is still to be applied, because it could not be read or was not there then; and,
-- where changes are to be written over, those whose balance the legacy app has changed since.
SELECT g.legacy_user_id
FROM etl.legacy_balances AS g
JOIN etl.legacy_user_map AS m ON m.legacy_user_id = g.legacy_user_id AND m.held IS NULL
JOIN etl.waves AS w ON w.wave = m.wave AND w.loaded_at IS NOT NULL
JOIN ({accounts}) AS h ON h.id = m.supabase_user_id AND h.hindrance IS NULL
LEFT JOIN (SELECT b.legacy_user_id, sum(b.amount) AS amount FROM etl.balances AS b
           WHERE b.balance = {balance} GROUP BY b.legacy_user_id) AS r ON r.legacy_user_id = g.legacy_user_id
WHERE g.balance = {balance} AND (r.legacy_user_id IS NULL OR {again} AND r.amount <> g.amount)
  AND NOT m.is_another
