-- Users of any wave who have rows that could be loaded now: new, corrected, or freed by a row that has arrived. The
-- claimed users come first, so that nothing is read where there are none.
SELECT DISTINCT k._legacy_user_id FROM ({links}) AS k
WHERE k._reason IS NULL
  AND k._legacy_user_id IN (
      SELECT m.legacy_user_id FROM etl.legacy_user_map AS m WHERE m.supabase_user_id IS NOT NULL {whose})
