-- The referenced row, with its own reason.
LEFT JOIN ({rows}) AS {parent} ON {parent}._legacy_id = {ref}
