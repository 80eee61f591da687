-- Users of any wave who have rows that could be loaded now: new, corrected, or freed by a row that has arrived.
SELECT DISTINCT k._legacy_user_id FROM ({links}) AS k WHERE k._reason IS NULL
