-- One balance over all users whose history has arrived: what the legacy app says, what was applied, the sign-up bonus
-- that was there before, what the profiles hold now; and users without a note although the legacy app names a balance,
-- users whose legacy balance has changed since, users who have spent or earned since. Then whether balance and
-- transactions are as far apart, user by user, as they were in the legacy app.
WITH applied AS (
    SELECT b.legacy_user_id, sum(b.amount) AS amount, max(b.id) AS last, (array_agg(b.before ORDER BY b.id))[1] AS before
    FROM etl.balances AS b WHERE b.balance = {balance} GROUP BY b.legacy_user_id),
users AS (
    SELECT m.legacy_user_id, m.supabase_user_id AS account, g.amount AS legacy, a.amount AS applied,
           a.before, a.legacy_user_id IS NULL AND EXISTS (
               SELECT FROM etl.quarantine AS q WHERE q."table" = 'users' AND q.legacy_id = m.legacy_user_id
           ) AS is_unreadable, p.{column}::numeric AS now, r.after AS left_with, t.legacy AS transactions, t.production
    FROM etl.legacy_user_map AS m
    JOIN {profiles} AS p ON p.id = m.supabase_user_id
    JOIN etl.waves AS w ON w.wave = m.wave AND w.loaded_at IS NOT NULL
    LEFT JOIN ({legacy}) AS g ON g.legacy_user_id = m.legacy_user_id
    LEFT JOIN applied AS a ON a.legacy_user_id = m.legacy_user_id
    LEFT JOIN etl.balances AS r ON r.id = a.last
    LEFT JOIN ({transactions}) AS t ON t.legacy_user_id = m.legacy_user_id
    LEFT JOIN ({accounts}) AS h ON h.id = m.supabase_user_id
    WHERE m.held IS NULL AND (a.legacy_user_id IS NOT NULL OR h.hindrance IS NULL)
      AND NOT m.is_another)
SELECT count(*), coalesce(sum(legacy), 0)::text, coalesce(sum(applied), 0)::text,
       coalesce(sum(before), 0)::text, coalesce(sum(now), 0)::text,
       count(*) FILTER (WHERE legacy IS NOT NULL AND applied IS NULL),
       (array_agg(legacy_user_id ORDER BY legacy_user_id) FILTER (WHERE legacy IS NOT NULL AND applied IS NULL))[1:6],
       count(*) FILTER (WHERE legacy <> applied),
       count(*) FILTER (WHERE now <> left_with),
       count(*) FILTER (WHERE is_unreadable OR applied - transactions <> now - CASE WHEN {sets} THEN 0 ELSE coalesce(before, 0) END - production),
       (array_agg(legacy_user_id ORDER BY legacy_user_id) FILTER (
           WHERE is_unreadable OR applied - transactions <> now - CASE WHEN {sets} THEN 0 ELSE coalesce(before, 0) END - production))[1:6]
FROM users
