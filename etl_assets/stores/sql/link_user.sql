-- The owner, and whether the account is still there.
LEFT JOIN (
    SELECT m.legacy_user_id, m.supabase_user_id, m.wave, p.id IS NOT NULL AS has_account
    FROM etl.legacy_user_map AS m
    LEFT JOIN {profiles} AS p ON p.id = m.supabase_user_id
) AS u ON u.legacy_user_id = {owner}
