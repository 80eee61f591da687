-- One balance of these users, as far as their accounts may hold anything, and their accounts' own transactions.
INSERT INTO pg_temp.etl_before (balance, legacy_user_id, account, held, total, own)
SELECT {balance}, m.legacy_user_id, m.supabase_user_id, p.{column}::numeric, ({total}),
       coalesce(t.total, 0) - coalesce(a.arrived, 0)
FROM etl.legacy_user_map AS m
JOIN {profiles} AS p ON p.id = m.supabase_user_id
JOIN ({accounts}) AS h ON h.id = m.supabase_user_id AND h.hindrance IS NULL
LEFT JOIN ({totals}) AS t ON t.legacy_user_id = m.legacy_user_id
LEFT JOIN ({arrived}) AS a ON a.legacy_user_id = m.legacy_user_id
WHERE m.legacy_user_id = ANY (%(users)s)
