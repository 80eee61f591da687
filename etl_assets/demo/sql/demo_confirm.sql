-- The oldest unconfirmed sign-ups follow the link in their mail.
UPDATE auth.users SET email_confirmed_at = clock_timestamp(), last_sign_in_at = clock_timestamp()
WHERE id IN (SELECT id FROM auth.users WHERE email_confirmed_at IS NULL ORDER BY created_at, email LIMIT %(count)s)
