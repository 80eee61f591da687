-- The waves with what they loaded.
SELECT w.wave, w.users, (SELECT count(*) FROM etl.loaded AS l WHERE l.wave = w.wave),
       to_char(w.sealed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM etl.waves AS w ORDER BY w.wave
