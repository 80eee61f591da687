-- Users who have moved and whose attribute is still to be given, because it could not be read or was not there then.
SELECT g.legacy_user_id
FROM etl.legacy_profile AS g
JOIN etl.legacy_user_map AS m ON m.legacy_user_id = g.legacy_user_id AND m.held IS NULL AND NOT m.is_another
JOIN etl.waves AS w ON w.wave = m.wave AND w.loaded_at IS NOT NULL
JOIN ({accounts}) AS h ON h.id = m.supabase_user_id AND h.hindrance IS NULL
WHERE g.attribute = {attribute}
  AND NOT EXISTS (SELECT FROM etl.profile_values AS r WHERE r.attribute = g.attribute AND r.account = m.supabase_user_id)
