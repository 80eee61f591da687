-- Rows for which `where` is not true.
INSERT INTO etl.excluded ("table", legacy_id, reason) SELECT %(table)s, key, 'where' FROM unnest(%(keys)s::text[]) AS k (key)
