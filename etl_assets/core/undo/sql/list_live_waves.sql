-- The waves that stand.
SELECT w.wave FROM etl.waves AS w WHERE w.undone_at IS NULL ORDER BY w.wave
