-- The keyed ids of everybody who was forgotten.
SELECT f.keyed FROM etl.forgotten AS f
