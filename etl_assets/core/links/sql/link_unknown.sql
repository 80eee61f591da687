-- The reference names a row that was never seen.
WHEN {ref} IS NOT NULL AND {parent}._legacy_id IS NULL
     AND NOT EXISTS (SELECT FROM etl.loaded AS k WHERE k."table" = {table} AND k.legacy_id = {ref})
     AND NOT EXISTS (SELECT FROM etl.quarantine AS k WHERE k."table" = {table} AND k.legacy_id = {ref})
     AND NOT EXISTS (SELECT FROM etl.excluded AS k WHERE k."table" = {table} AND k.legacy_id = {ref})
THEN 'reference_unknown'
