-- Claims without a wave, or without the moment at which the address was confirmed.
SELECT count(*), (array_agg(m.legacy_user_id ORDER BY m.legacy_user_id))[1:6]
FROM etl.legacy_user_map AS m
WHERE m.supabase_user_id IS NOT NULL
  AND (m.wave IS NULL OR m.claimed_at IS NULL OR NOT {trusting} AND m.confirmed_at IS NULL)
