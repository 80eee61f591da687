-- A user of the new app works with a migrated job.
UPDATE public.jobs SET status = 'archived' WHERE id::text = %(id)s
