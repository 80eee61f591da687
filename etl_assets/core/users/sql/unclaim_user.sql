-- A claim under which nothing was loaded is taken back: the target refuses rows, and nothing arrives in part.
UPDATE etl.legacy_user_map AS m
SET supabase_user_id = NULL, wave = NULL, confirmed_at = NULL, claimed_at = NULL, claimed_by_run = NULL,
    claimed_by_operator = NULL, migrated_at = NULL
WHERE m.legacy_user_id = %(user)s
  AND NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l.legacy_user_id = m.legacy_user_id)
  AND NOT EXISTS (SELECT FROM etl.balances AS b WHERE b.legacy_user_id = m.legacy_user_id)
  AND NOT EXISTS (SELECT FROM etl.profile_values AS r WHERE r.legacy_user_id = m.legacy_user_id)
