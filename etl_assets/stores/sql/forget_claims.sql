-- What the claims file said before.
DELETE FROM etl.claims
