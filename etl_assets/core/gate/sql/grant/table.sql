-- Privileges on one table.
GRANT {privileges} ON {table} TO {role}
