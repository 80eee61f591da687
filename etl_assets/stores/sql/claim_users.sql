-- The claim, with its evidence. Only unclaimed users are touched.
UPDATE etl.legacy_user_map AS m
SET supabase_user_id = s.account_id, confirmed_at = s.confirmed_at, wave = %(wave)s,
    claimed_at = clock_timestamp(), claimed_by_run = %(run)s, state = 'resolved', reason = NULL,
    since = clock_timestamp()
FROM ({states}) AS s
WHERE s.legacy_user_id = m.legacy_user_id AND s.state = 'claimable' AND m.supabase_user_id IS NULL
