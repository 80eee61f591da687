-- The fence (OFFSET 0) keeps the reason one value: inlined, it would be repeated wherever children look at their
-- parents' state, and planning would grow with the power of the depth.
CROSS JOIN LATERAL (SELECT {value} AS _reason OFFSET 0) AS r
