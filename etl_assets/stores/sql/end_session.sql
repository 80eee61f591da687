-- Ends a session and waits until it is gone.
SELECT pg_terminate_backend(%(pid)s, %(patience)s)
