-- The claim, with its evidence: the confirmed account, and an operator's word where she gave it. Only unclaimed users
-- are touched.
UPDATE etl.legacy_user_map AS m
SET supabase_user_id = s.account_id, confirmed_at = s.confirmed_at, wave = %(wave)s,
    claimed_at = clock_timestamp(), claimed_by_run = %(run)s, state = 'resolved', reason = NULL,
    since = clock_timestamp(), claimed_by_operator = k.reason
FROM ({states}) AS s
LEFT JOIN etl.claims AS k ON k.legacy_user_id = s.legacy_user_id AND k.supabase_user_id = s.account_id
WHERE s.legacy_user_id = m.legacy_user_id AND s.state = 'claimable' AND m.supabase_user_id IS NULL
