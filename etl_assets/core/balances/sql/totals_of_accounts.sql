-- What all transactions of each user's account come to in production, the account's own among them.
SELECT m.legacy_user_id, sum(n.{amount}::numeric) AS total
FROM etl.legacy_user_map AS m JOIN {target} AS n ON n.{owner} = m.supabase_user_id
WHERE {of_users} GROUP BY m.legacy_user_id
