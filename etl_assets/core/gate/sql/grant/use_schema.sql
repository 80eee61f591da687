-- Names in a schema can be looked up.
GRANT USAGE ON SCHEMA {schema} TO {role}
