-- Unclaimed users whose address belongs to an account that may claim, or whom the claims file gives to one: whom a wave
-- could take now, their rows aside. Materialized, because folding an address is the costly part and accounts that have
-- claimed need none.
WITH free AS MATERIALIZED (
    SELECT a.email_key FROM ({accounts}) AS a
    WHERE a.hindrance IS NULL
      AND ({merge} OR NOT EXISTS (SELECT FROM etl.legacy_user_map AS c WHERE c.supabase_user_id = a.id)))
SELECT m.legacy_user_id
FROM free AS f
JOIN etl.legacy_user_map AS m ON m.email_key = f.email_key
WHERE m.supabase_user_id IS NULL AND m.verified AND m.held IS NULL
  AND NOT EXISTS (SELECT FROM etl.claims AS k WHERE k.legacy_user_id = m.legacy_user_id)
UNION
SELECT m.legacy_user_id
FROM ({claims}) AS f
JOIN etl.legacy_user_map AS m ON m.legacy_user_id = f.legacy_user_id
WHERE f.hindrance IS NULL AND m.supabase_user_id IS NULL AND m.held IS NULL
