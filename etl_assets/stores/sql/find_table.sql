-- The table's name as regclass reads it, NULL where there is none.
SELECT to_regclass(%(table)s)::text
