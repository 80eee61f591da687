-- The referenced row is quarantined, by its values or by its own links, or was loaded for somebody else.
WHEN {parent}._state = 'quarantined' OR {parent}._reason = 'owner_changed'
     OR {ref} IS NOT NULL AND {parent}._legacy_id IS NULL
        AND EXISTS (SELECT FROM etl.quarantine AS k WHERE k."table" = {table} AND k.legacy_id = {ref})
        AND NOT EXISTS (SELECT FROM etl.loaded AS k WHERE k."table" = {table} AND k.legacy_id = {ref})
THEN 'reference_quarantined'
