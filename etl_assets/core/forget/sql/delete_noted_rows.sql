-- What a store keeps about rows of a person who is forgotten.
DELETE FROM {store} WHERE "table" = %(table)s AND legacy_id = ANY (%(ids)s::text[])
