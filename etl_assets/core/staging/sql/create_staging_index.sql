-- Waves find their rows by owner, children by the row that they refer to, conflicts by the target's unique columns.
CREATE INDEX ON {staging} ({columns})
