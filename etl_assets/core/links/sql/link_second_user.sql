-- A second legacy user, such as a reviewer.
LEFT JOIN etl.legacy_user_map AS {parent} ON {parent}.legacy_user_id = {ref}
