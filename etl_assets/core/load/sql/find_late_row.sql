-- One row that could be loaded now, or NULL. By min() and not LIMIT 1, for which Postgres looks rows up one by one: where
-- there is none, that took 50 s for 3,000,000 staged rows, and this 5.
SELECT min(k._legacy_id) FROM ({links}) AS k
WHERE k._reason IS NULL
  AND k._legacy_user_id IN (SELECT m.legacy_user_id FROM etl.legacy_user_map AS m WHERE m.supabase_user_id IS NOT NULL)
