-- One attribute of these users, as far as their accounts may hold anything.
INSERT INTO pg_temp.etl_profile_before (attribute, legacy_user_id, account, held)
SELECT {attribute}, m.legacy_user_id, m.supabase_user_id, p.{column}::text
FROM etl.legacy_user_map AS m
JOIN {profiles} AS p ON p.id = m.supabase_user_id
JOIN ({accounts}) AS h ON h.id = m.supabase_user_id AND h.hindrance IS NULL
WHERE m.legacy_user_id = ANY (%(users)s)
