-- Does a wave hold more than a fifth of all claimed users? Then all rows are read rather than theirs looked up.
SELECT count(*) FILTER (WHERE m.wave = %(wave)s) * 5 > count(*)
FROM etl.legacy_user_map AS m WHERE m.supabase_user_id IS NOT NULL
