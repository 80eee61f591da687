-- PUBLIC has no rights on a new schema by default; said once more against databases where that was changed.
REVOKE ALL ON SCHEMA etl FROM PUBLIC
