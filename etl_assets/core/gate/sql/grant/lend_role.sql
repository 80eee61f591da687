-- Whoever makes a schema for a role has to be able to take the role on.
GRANT {role} TO CURRENT_USER
