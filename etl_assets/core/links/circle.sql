-- name: set_constraints :exec {constraints, when}
-- When foreign keys are checked that the target lets be checked later.
SET CONSTRAINTS {constraints} {when}
