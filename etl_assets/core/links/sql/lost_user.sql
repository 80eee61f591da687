-- A reference to a user whom nobody knows.
CASE WHEN {ref} IS NOT NULL
          AND NOT EXISTS (SELECT FROM etl.legacy_user_map AS a WHERE a.legacy_user_id = {ref}) THEN {told} END
