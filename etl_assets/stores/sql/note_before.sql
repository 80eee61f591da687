-- One balance of these users.
INSERT INTO pg_temp.etl_before (balance, legacy_user_id, account, held, total)
SELECT {balance}, m.legacy_user_id, m.supabase_user_id, p.{column}::numeric, ({total})
FROM etl.legacy_user_map AS m
JOIN {profiles} AS p ON p.id = m.supabase_user_id
WHERE m.legacy_user_id = ANY (%(users)s)
