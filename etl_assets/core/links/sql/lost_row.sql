-- A reference to a row that has not arrived.
CASE WHEN {ref} IS NOT NULL
          AND NOT EXISTS (SELECT FROM etl.loaded AS a WHERE a."table" = {parent} AND a.legacy_id = {ref}) THEN {told} END
