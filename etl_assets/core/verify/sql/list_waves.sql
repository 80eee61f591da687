-- The waves with what they loaded; the ledger is read once, and not once for each wave.
SELECT w.wave, w.users, coalesce(n.rows, 0), to_char(w.sealed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM etl.waves AS w
LEFT JOIN (SELECT l.wave, count(*) AS rows FROM etl.loaded AS l GROUP BY l.wave) AS n ON n.wave = w.wave
ORDER BY w.wave
