-- name: hold_users :exec (touched, users, wave)
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

-- name: release_users :many (user, wave)
-- An operator lets undone users move again: those of one wave, or one by name.
UPDATE etl.legacy_user_map AS m SET held = NULL, held_wave = NULL
WHERE m.held = 'undone' AND (m.held_wave = %(wave)s OR m.legacy_user_id = %(user)s)
RETURNING m.legacy_user_id

-- name: stamp_migrated :exec (users)
-- When a user's rows last arrived; users without rows of their own stay unstamped. One row of each user is looked up,
-- by the index: joined, the ledger would be read whole for every batch.
UPDATE etl.legacy_user_map AS m SET migrated_at = clock_timestamp()
WHERE m.legacy_user_id = ANY (%(users)s)
  AND (SELECT true FROM etl.loaded AS l
       WHERE l.legacy_user_id = m.legacy_user_id AND l.xid = pg_current_xact_id()::xid LIMIT 1)

-- name: list_incomplete :many (users, wave) {incomplete}
-- Users of a wave of whom a row was quarantined since they claimed: its file is not there.
SELECT DISTINCT m.legacy_user_id
FROM ({incomplete}) AS i
JOIN etl.legacy_user_map AS m ON m.legacy_user_id = i.legacy_user_id
WHERE m.wave = %(wave)s AND m.legacy_user_id = ANY (%(users)s)

-- name: list_without_history :many (users)
-- Those of these users of whom nothing was loaded, applied to a balance, or given to a profile.
SELECT w.legacy_user_id FROM unnest(%(users)s::text[]) AS w (legacy_user_id)
WHERE NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l.legacy_user_id = w.legacy_user_id)
  AND NOT EXISTS (SELECT FROM etl.balances AS b WHERE b.legacy_user_id = w.legacy_user_id)
  AND NOT EXISTS (SELECT FROM etl.profile_values AS r WHERE r.legacy_user_id = w.legacy_user_id)

-- name: unclaim_users :exec (users)
-- Claims under which nothing was loaded are taken back: rows are refused, and nothing arrives in part.
UPDATE etl.legacy_user_map AS m
SET state = 'held', reason = 'has quarantined rows', since = clock_timestamp(), supabase_user_id = NULL, wave = NULL,
    confirmed_at = NULL, claimed_at = NULL, claimed_by_run = NULL, claimed_by_operator = NULL, migrated_at = NULL
WHERE m.legacy_user_id = ANY (%(users)s)
