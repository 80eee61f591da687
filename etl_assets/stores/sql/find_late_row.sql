-- One row that could be loaded now.
SELECT k._legacy_id FROM ({links}) AS k WHERE k._reason IS NULL LIMIT 1
