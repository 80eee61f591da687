-- What was removed of one forgotten person, in rows per table.
SELECT f.rows FROM etl.forgotten AS f WHERE f.keyed = %(keyed)s ORDER BY f.at DESC LIMIT 1
