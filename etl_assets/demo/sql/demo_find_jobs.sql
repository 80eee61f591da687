-- Jobs that have arrived under one user: of the user who has the most.
SELECT l.legacy_id, l.new_id FROM etl.loaded AS l
JOIN public.jobs AS j ON j.id::text = l.new_id
WHERE l."table" = 'jobs' AND l.legacy_user_id = (
    SELECT k.legacy_user_id FROM etl.loaded AS k WHERE k."table" = 'jobs'
    GROUP BY 1 ORDER BY count(*) DESC, k.legacy_user_id LIMIT 1)
ORDER BY l.legacy_id::int LIMIT 3
