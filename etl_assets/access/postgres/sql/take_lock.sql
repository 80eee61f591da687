-- The writers' advisory locks, if they are free; whoever waits for them reads this transaction's name in
-- pg_stat_activity.
SELECT pg_try_advisory_xact_lock(%(writer)s) AND pg_try_advisory_xact_lock(%(lane)s),
       set_config('application_name', %(name)s, true),
       convert_to(%(canary)s, 'UTF8') = %(canary_utf8)s, %(canary)s
