-- Is there a memory of what was done on this target?
SELECT to_regclass('etl.meta') IS NOT NULL
