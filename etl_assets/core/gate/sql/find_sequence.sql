-- The sequence behind a serial or identity column, NULL where there is none.
SELECT pg_get_serial_sequence(%(table)s, %(column)s)
