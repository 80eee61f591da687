-- The wave's load has come to its end.
UPDATE etl.waves SET loaded_at = clock_timestamp() WHERE wave = %(wave)s
