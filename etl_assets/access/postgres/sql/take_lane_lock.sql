-- A lane's lock, if no other writer has it.
SELECT pg_try_advisory_xact_lock_shared(%(lane)s), set_config('application_name', %(name)s, true),
       convert_to(%(canary)s, 'UTF8') = %(canary_utf8)s, %(canary)s
