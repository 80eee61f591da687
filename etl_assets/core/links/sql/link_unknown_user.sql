-- The reference names a user that was never seen; one that was forgotten was.
WHEN {ref} IS NOT NULL AND {parent}.legacy_user_id IS NULL AND NOT etl.is_forgotten({ref}) THEN 'reference_unknown'
