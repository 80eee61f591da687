-- Rows that stay behind: `where` is not true for them, the operator dropped them, or their owner was forgotten.
INSERT INTO etl.excluded ("table", legacy_id, reason)
SELECT %(table)s, key, %(reason)s FROM unnest(%(keys)s::text[]) AS k (key)
