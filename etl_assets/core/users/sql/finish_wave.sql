-- The wave's load has come to its end: everything that this staging let through has arrived. It is read back next.
UPDATE etl.waves SET loaded_at = clock_timestamp(), staging = %(staging)s, verified_at = NULL WHERE wave = %(wave)s
