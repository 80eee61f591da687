-- Rows that stay behind: `where` is not true for them, or the operator dropped them.
INSERT INTO etl.excluded ("table", legacy_id, reason)
SELECT %(table)s, key, %(reason)s FROM unnest(%(keys)s::text[]) AS k (key)
