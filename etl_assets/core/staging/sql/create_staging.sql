-- Logged on purpose: a crash of the server must not empty it.
CREATE TABLE {staging} ({columns})
