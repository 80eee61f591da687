-- The corrections that this staging was made with.
INSERT INTO etl.corrections ("table", legacy_id, "column", reason, found)
SELECT %(table)s, c.legacy_id, nullif(c.col, ''), c.reason, c.legacy_id = ANY (%(found)s::text[])
FROM unnest(%(ids)s::text[], %(columns)s::text[], %(reasons)s::text[]) AS c (legacy_id, col, reason)
