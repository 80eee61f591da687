-- Users whose balance the legacy app has changed since it was applied.
SELECT g.legacy_user_id
FROM etl.legacy_balances AS g
JOIN etl.legacy_user_map AS m ON m.legacy_user_id = g.legacy_user_id AND m.held IS NULL
JOIN {profiles} AS p ON p.id = m.supabase_user_id
JOIN (SELECT b.legacy_user_id, sum(b.amount) AS amount FROM etl.balances AS b
      WHERE b.balance = {balance} GROUP BY b.legacy_user_id) AS r ON r.legacy_user_id = g.legacy_user_id
WHERE g.balance = {balance} AND r.amount <> g.amount
  AND NOT (m.seen_email_key IS DISTINCT FROM m.email_key AND m.seen_created_at IS DISTINCT FROM m.created_at)
