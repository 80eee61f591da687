-- What the former snapshot had here.
DELETE FROM {store} WHERE "table" = %(table)s
