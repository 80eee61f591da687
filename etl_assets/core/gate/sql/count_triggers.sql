-- Triggers that an INSERT would fire, unless the spec lets them.
SELECT CASE WHEN {allowed} THEN 0 ELSE cardinality(%(triggers)s::text[]) END, %(triggers)s::text[]
