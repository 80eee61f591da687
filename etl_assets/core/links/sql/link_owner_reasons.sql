-- Whose row is it?
WHEN {owner} IS NULL THEN 'owner_missing'
WHEN u.legacy_user_id IS NULL THEN 'owner_unknown'
