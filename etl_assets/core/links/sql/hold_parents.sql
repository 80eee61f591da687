-- The parents of a batch under one foreign key, held until the transaction ends.
{held} AS MATERIALIZED (
    SELECT {there} FROM {parent} AS t WHERE ({there}) IN (SELECT {here} FROM batch AS b) FOR KEY SHARE),
