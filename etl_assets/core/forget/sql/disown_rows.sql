-- Rows of the ledger that are nobody's any more.
UPDATE etl.loaded SET legacy_user_id = NULL WHERE legacy_user_id = %(user)s
