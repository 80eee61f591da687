-- The reference's new value, or what the spec wants where the row was never seen.
CASE WHEN {ref} IS NULL OR {parent}._legacy_id IS NOT NULL
          OR EXISTS (SELECT FROM etl.loaded AS k WHERE k."table" = {table} AND k.legacy_id = {ref})
          OR EXISTS (SELECT FROM etl.quarantine AS k WHERE k."table" = {table} AND k.legacy_id = {ref})
          OR EXISTS (SELECT FROM etl.excluded AS k WHERE k."table" = {table} AND k.legacy_id = {ref})
     THEN {value} ELSE {otherwise} END
