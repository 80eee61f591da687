-- Lines that the claims file does not have any more.
DELETE FROM etl.claims AS c
WHERE NOT EXISTS (
    SELECT FROM unnest(%(users)s::text[], %(accounts)s::uuid[], %(reasons)s::text[]) AS k (legacy_user_id, account, reason)
    WHERE (k.legacy_user_id, k.account, k.reason) IS NOT DISTINCT FROM (c.legacy_user_id, c.supabase_user_id, c.reason))
