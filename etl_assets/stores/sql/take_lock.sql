-- The writers' advisory lock, if it is free; whoever waits for it reads this transaction's name in pg_stat_activity.
SELECT pg_try_advisory_xact_lock(%(key)s), set_config('application_name', %(name)s, true)
