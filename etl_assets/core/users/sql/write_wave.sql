-- Seals the wave.
INSERT INTO etl.waves (wave, users, run) VALUES (%(wave)s, %(users)s, %(run)s)
