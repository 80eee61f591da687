-- The second user was forgotten: what would wait for that account for ever stays behind.
WHEN {ref} IS NOT NULL AND {parent}.legacy_user_id IS NULL AND etl.is_forgotten({ref}) THEN 'reference_excluded'
