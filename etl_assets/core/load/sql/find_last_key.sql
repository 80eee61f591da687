-- The latest sealed wave.
SELECT max(w.wave) FROM etl.waves AS w
