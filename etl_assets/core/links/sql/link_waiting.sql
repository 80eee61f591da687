-- The referenced row has not arrived yet.
WHEN {parent}._legacy_id IS NOT NULL AND {parent}._state <> 'loaded' THEN 'reference_waiting'
