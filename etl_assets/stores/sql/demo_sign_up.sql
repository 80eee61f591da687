-- Sign-ups of the demo.
INSERT INTO auth.users (email, email_confirmed_at, last_sign_in_at, is_sso_user)
SELECT e.email, CASE WHEN e.confirmed THEN clock_timestamp() END, CASE WHEN e.confirmed THEN clock_timestamp() END, %(sso)s
FROM unnest(%(emails)s::text[], %(confirmed)s::boolean[]) AS e (email, confirmed)
