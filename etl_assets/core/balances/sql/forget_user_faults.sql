-- Balances of the former snapshot that could not be read.
DELETE FROM etl.quarantine WHERE "table" = 'users'
