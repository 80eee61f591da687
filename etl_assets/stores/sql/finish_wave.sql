-- The wave's load has come to its end: everything that this staging let through has arrived.
UPDATE etl.waves SET loaded_at = clock_timestamp(), staging = %(staging)s WHERE wave = %(wave)s
