-- name: is_orphan :fragment {filled, held, here, there}
-- Has a row of the batch a foreign key, and no parent among those that are held?
({filled} AND ({here}) NOT IN (SELECT {there} FROM {held} AS t))

-- name: hold_parents :fragment {held, here, parent, there}
-- The parents of a batch under one foreign key, held until the transaction ends.
{held} AS MATERIALIZED (
    SELECT {there} FROM {parent} AS t WHERE ({there}) IN (SELECT {here} FROM batch AS b) FOR KEY SHARE),
