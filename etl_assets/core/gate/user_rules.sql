-- name: count_unmapped_users :one
-- Users of the staged snapshot that the map does not know.
SELECT abs(coalesce((SELECT d.source_rows FROM etl.staged AS d WHERE d."table" = 'users'), -1)
       - (SELECT count(*) FROM etl.legacy_user_map AS m
          WHERE m.snapshot = (SELECT d.snapshot FROM etl.staged AS d WHERE d."table" = 'users'))),
       ARRAY[]::text[]

-- name: count_repeated_emails :one
-- Legacy users who share an address, blanks and ASCII case aside.
SELECT count(*), (array_agg(m.legacy_user_id ORDER BY m.legacy_user_id))[1:6]
FROM etl.legacy_user_map AS m
WHERE m.email_key IN (SELECT email_key FROM etl.legacy_user_map WHERE email_key IS NOT NULL
                        AND (supabase_user_id IS NOT NULL
                             OR snapshot = (SELECT d.snapshot FROM etl.staged AS d WHERE d."table" = 'users'))
                      GROUP BY email_key HAVING count(*) > 1)

-- name: count_contradicted_claims :one
-- Claimed users whose address in the latest snapshot is not the one that they claimed by.
SELECT count(*), (array_agg(m.legacy_user_id ORDER BY m.legacy_user_id))[1:6]
FROM etl.legacy_user_map AS m
WHERE m.supabase_user_id IS NOT NULL AND m.seen_email_key IS DISTINCT FROM m.email_key

-- name: count_other_people :one
-- Claimed users whose legacy id may be somebody else's by now.
SELECT count(*), (array_agg(m.legacy_user_id ORDER BY m.legacy_user_id))[1:6]
FROM etl.legacy_user_map AS m WHERE m.is_another

-- name: count_invalid_emails :one
-- Legacy users without an address, or with one that is never compared.
SELECT count(*), (array_agg(m.legacy_user_id ORDER BY m.legacy_user_id))[1:6]
FROM etl.legacy_user_map AS m WHERE m.email_key IS NULL

-- name: count_unmet_claims :one {claims}
-- Lines of the claims file that cannot come true: an unknown user, an account that cannot be given, a user who moved.
SELECT count(*), (array_agg(f.legacy_user_id ORDER BY f.legacy_user_id))[1:6]
FROM ({claims}) AS f
LEFT JOIN etl.legacy_user_map AS m ON m.legacy_user_id = f.legacy_user_id
WHERE m.legacy_user_id IS NULL
   OR m.supabase_user_id IS NULL AND f.supabase_user_id IS NOT NULL AND f.hindrance IS NOT NULL
   OR m.supabase_user_id IS NOT NULL AND m.supabase_user_id IS DISTINCT FROM f.supabase_user_id

-- name: count_mixed_snapshots :one {tables}
-- Snapshots beyond the first among the staging tables.
SELECT greatest(count(DISTINCT d.snapshot) - 1, 0), ARRAY[]::text[] FROM etl.staged AS d WHERE d."table" IN ({tables})

-- name: count_shared_accounts :one {merge}
-- Legacy users who share an account, unless the spec merges duplicates.
SELECT CASE WHEN {merge} THEN 0 ELSE count(*) END, (array_agg(m.legacy_user_id ORDER BY m.legacy_user_id))[1:6]
FROM etl.legacy_user_map AS m
WHERE m.supabase_user_id IN (SELECT supabase_user_id FROM etl.legacy_user_map
                             WHERE supabase_user_id IS NOT NULL GROUP BY supabase_user_id HAVING count(*) > 1)

-- name: count_unproven_claims :one {trusting}
-- Claims without a wave, or without the moment at which the address was confirmed.
SELECT count(*), (array_agg(m.legacy_user_id ORDER BY m.legacy_user_id))[1:6]
FROM etl.legacy_user_map AS m
WHERE m.supabase_user_id IS NOT NULL
  AND (m.wave IS NULL OR m.claimed_at IS NULL OR NOT {trusting} AND m.confirmed_at IS NULL)

-- name: count_waiting_for_accounts :one
-- Rows whose owner has no account yet, and a few of these users: what the books say, which `resolved_users` has counted.
SELECT coalesce(sum(b.rows), 0)::bigint, (array_agg(DISTINCT b.legacy_user_id))[1:6]
FROM etl.book AS b
JOIN etl.legacy_user_map AS m ON m.legacy_user_id = b.legacy_user_id AND m.supabase_user_id IS NULL
WHERE b.state IN ('ready', 'waiting')
