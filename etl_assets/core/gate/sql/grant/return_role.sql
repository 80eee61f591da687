-- The reverse of `lend_role`.
REVOKE {role} FROM CURRENT_USER
