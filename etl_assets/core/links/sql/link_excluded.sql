-- The referenced row stays behind on purpose.
WHEN {parent}._state = 'excluded'
     OR {ref} IS NOT NULL AND {parent}._legacy_id IS NULL
        AND EXISTS (SELECT FROM etl.excluded AS k WHERE k."table" = {table} AND k.legacy_id = {ref})
        AND NOT EXISTS (SELECT FROM etl.loaded AS k WHERE k."table" = {table} AND k.legacy_id = {ref})
THEN 'reference_excluded'
