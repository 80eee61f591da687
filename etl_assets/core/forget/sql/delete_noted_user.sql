-- What a store keeps about a person who is forgotten.
DELETE FROM {store} WHERE legacy_user_id = %(user)s
