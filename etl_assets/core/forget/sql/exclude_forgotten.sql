-- The rows stay in the books, as ids that say nothing; whatever kept them back before no longer matters.
INSERT INTO etl.excluded AS e ("table", legacy_id, reason)
SELECT %(table)s, k.key, 'forgotten' FROM unnest(%(ids)s::text[]) AS k (key)
ON CONFLICT ("table", legacy_id) DO UPDATE SET reason = 'forgotten'
