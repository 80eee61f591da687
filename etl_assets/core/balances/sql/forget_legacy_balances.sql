-- What the former snapshot said.
DELETE FROM etl.legacy_balances
