-- Users of the staged snapshot that the map does not know.
SELECT abs(coalesce((SELECT d.source_rows FROM etl.staged AS d WHERE d."table" = 'users'), -1)
       - (SELECT count(*) FROM etl.legacy_user_map AS m
          WHERE m.snapshot = (SELECT d.snapshot FROM etl.staged AS d WHERE d."table" = 'users'))),
       ARRAY[]::text[]
