-- Nothing more arrives for these users until an operator says so. Those of the wave lose their claim with their rows;
-- others, of whom only late rows were taken out, keep it.
UPDATE etl.legacy_user_map AS m
SET held = 'undone', held_wave = coalesce(%(wave)s, m.wave, m.held_wave), state = 'held', reason = 'undone',
    since = clock_timestamp(),
    claimed_by_operator = CASE WHEN v.loses_claim THEN NULL ELSE m.claimed_by_operator END,
    supabase_user_id = CASE WHEN v.loses_claim THEN NULL ELSE m.supabase_user_id END,
    wave = CASE WHEN v.loses_claim THEN NULL ELSE m.wave END,
    confirmed_at = CASE WHEN v.loses_claim THEN NULL ELSE m.confirmed_at END,
    claimed_at = CASE WHEN v.loses_claim THEN NULL ELSE m.claimed_at END,
    claimed_by_run = CASE WHEN v.loses_claim THEN NULL ELSE m.claimed_by_run END,
    migrated_at = CASE WHEN v.loses_claim THEN NULL ELSE m.migrated_at END,
    is_another = m.is_another AND NOT v.loses_claim,
    email = CASE WHEN v.loses_claim THEN coalesce(m.seen_email, m.email) ELSE m.email END,
    verified = CASE WHEN v.loses_claim THEN coalesce(m.seen_verified, m.verified) ELSE m.verified END,
    email_key = CASE WHEN v.loses_claim THEN m.seen_email_key ELSE m.email_key END,
    created_at = CASE WHEN v.loses_claim THEN m.seen_created_at ELSE m.created_at END,
    created_value = CASE WHEN v.loses_claim THEN m.seen_created_value ELSE m.created_value END
FROM (SELECT w.legacy_user_id, w.legacy_user_id = ANY (%(users)s) AS loses_claim
      FROM unnest(%(touched)s::text[]) AS w (legacy_user_id)) AS v
WHERE v.legacy_user_id = m.legacy_user_id
