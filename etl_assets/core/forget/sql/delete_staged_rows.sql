-- Rows of a person who is forgotten.
DELETE FROM {staging} WHERE _legacy_id = ANY (%(ids)s::text[])
