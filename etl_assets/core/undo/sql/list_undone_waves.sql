-- Waves that an undo took out, whole or of one user, and that nobody has run again since.
SELECT w.wave FROM etl.waves AS w
WHERE w.undone_at IS NOT NULL OR w.wave IN (SELECT m.held_wave FROM etl.legacy_user_map AS m WHERE m.held = 'undone')
ORDER BY w.wave
