-- The reference names a user that was never seen.
WHEN {ref} IS NOT NULL AND {parent}.legacy_user_id IS NULL THEN 'reference_unknown'
