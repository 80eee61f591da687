-- A sequence that may be raised.
GRANT USAGE, SELECT, UPDATE ON SEQUENCE {sequence} TO {role}
