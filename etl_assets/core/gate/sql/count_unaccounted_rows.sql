-- SQLite's count of the legacy table against what was staged, quarantined and excluded.
SELECT abs(coalesce((SELECT d.source_rows FROM etl.staged AS d WHERE d."table" = {table}), -1)
       - (SELECT count(*) FROM {staging})
       - (SELECT count(DISTINCT q.legacy_id) FROM etl.quarantine AS q WHERE q."table" = {table})
       - (SELECT count(*) FROM etl.excluded AS e WHERE e."table" = {table} AND e.reason IN ('where', 'dropped', 'forgotten'))),
       ARRAY[]::text[]
