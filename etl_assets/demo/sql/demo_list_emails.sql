-- Addresses that have signed up.
SELECT email FROM auth.users WHERE email IS NOT NULL
