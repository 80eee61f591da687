-- It may look through the eyes of a user.
GRANT authenticated TO {role}
