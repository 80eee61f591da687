-- name: find_account :first
-- Has anybody signed up?
SELECT 1 FROM auth.users LIMIT 1

-- name: sign_up :exec (confirmed, emails, sso)
-- Sign-ups of the demo, by e-mail: whoever has confirmed followed the link in a mail two minutes later.
WITH people AS (
    INSERT INTO auth.users (email, created_at, email_confirmed_at, last_sign_in_at, is_sso_user)
    SELECT e.email, now() - interval '2 minutes', CASE WHEN e.confirmed THEN now() END,
           CASE WHEN e.confirmed THEN now() END, %(sso)s
    FROM unnest(%(emails)s::text[], %(confirmed)s::boolean[]) AS e (email, confirmed)
    RETURNING id, email)
INSERT INTO auth.identities (user_id, provider, provider_id, identity_data)
SELECT p.id, CASE WHEN %(sso)s THEN 'sso:demo' ELSE 'email' END, p.id::text, jsonb_build_object('email', p.email)
FROM people AS p

-- name: confirm :exec (count)
-- The oldest unconfirmed sign-ups follow the link in their mail.
UPDATE auth.users SET email_confirmed_at = clock_timestamp(), last_sign_in_at = clock_timestamp()
WHERE id IN (SELECT id FROM auth.users WHERE email_confirmed_at IS NULL ORDER BY created_at, email LIMIT %(count)s)

-- name: list_emails :many
-- Addresses that have signed up.
SELECT email FROM auth.users WHERE email IS NOT NULL

-- name: find_jobs :many
-- Jobs that have arrived under one user: of the user who has the most.
SELECT l.legacy_id, l.new_id FROM etl.loaded AS l
JOIN public.jobs AS j ON j.id::text = l.new_id
WHERE l."table" = 'jobs' AND l.legacy_user_id = (
    SELECT k.legacy_user_id FROM etl.loaded AS k WHERE k."table" = 'jobs'
    GROUP BY 1 ORDER BY count(*) DESC, k.legacy_user_id LIMIT 1)
ORDER BY l.legacy_id::int LIMIT 3

-- name: edit_job :exec (id)
-- A user of the new app works with a migrated job.
UPDATE public.jobs SET status = 'archived' WHERE id::text = %(id)s
