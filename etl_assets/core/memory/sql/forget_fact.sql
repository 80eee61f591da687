-- A fact that does not hold any more.
DELETE FROM etl.meta WHERE key = %(key)s
