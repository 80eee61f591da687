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
