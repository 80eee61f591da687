-- name: count_barred_claims :one {accounts}
-- Claims that stand and whose account is gone, or may not hold anything now.
SELECT count(*), (array_agg(m.legacy_user_id ORDER BY m.legacy_user_id))[1:6]
FROM etl.legacy_user_map AS m
LEFT JOIN ({accounts}) AS h ON h.id = m.supabase_user_id
WHERE m.supabase_user_id IS NOT NULL AND (h.id IS NULL OR h.hindrance IS NOT NULL)

-- name: count_moved_accounts :one {accounts}
-- Claims by address whose account has another address now. All are joined before any is left out: Postgres takes those
-- that would be left for few, and would look each up.
WITH claims AS MATERIALIZED (
    SELECT m.legacy_user_id, h.hindrance IS NULL AND h.email_key IS DISTINCT FROM m.email_key AS has_moved
    FROM etl.legacy_user_map AS m
    JOIN ({accounts}) AS h ON h.id = m.supabase_user_id
    WHERE m.claimed_by_operator IS NULL)
SELECT count(*), (array_agg(c.legacy_user_id ORDER BY c.legacy_user_id))[1:6] FROM claims AS c WHERE c.has_moved

-- name: count_retaken_addresses :one {accounts}
-- Claims by address where another account that might claim has that address now.
SELECT count(*), (array_agg(m.legacy_user_id ORDER BY m.legacy_user_id))[1:6]
FROM etl.legacy_user_map AS m
WHERE m.supabase_user_id IS NOT NULL AND m.claimed_by_operator IS NULL
  AND EXISTS (SELECT FROM ({accounts}) AS h
              WHERE h.email_key = m.email_key AND h.hindrance IS NULL AND h.id <> m.supabase_user_id)
