-- The owner, the account that claimed the history and whether it may hold it now, and whether the id now is another
-- person's.
LEFT JOIN (
    SELECT m.legacy_user_id, m.supabase_user_id, m.wave, h.id IS NOT NULL AS has_account, h.hindrance,
           m.is_another, m.held IS NOT NULL AS is_held
    FROM etl.legacy_user_map AS m
    LEFT JOIN ({accounts}) AS h ON h.id = m.supabase_user_id
) AS u ON u.legacy_user_id = {owner}
