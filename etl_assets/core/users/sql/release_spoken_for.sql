-- An operator has said whose account it is: what was on hold because of a forgotten person's id is not any more.
UPDATE etl.legacy_user_map AS m SET held = NULL
FROM etl.claims AS k
WHERE k.legacy_user_id = m.legacy_user_id AND k.supabase_user_id IS NOT NULL
  AND m.held = 'the legacy id was of somebody who was forgotten'
