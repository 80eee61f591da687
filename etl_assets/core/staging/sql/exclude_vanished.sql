-- Ids seen before that the legacy database no longer has and that were never loaded.
INSERT INTO etl.excluded ("table", legacy_id, reason)
SELECT %(table)s, k.legacy_id, 'vanished'
FROM {known} AS k
WHERE NOT EXISTS (SELECT FROM {staging} AS s WHERE s._legacy_id = k.legacy_id)
  AND NOT EXISTS (SELECT FROM etl.quarantine AS q WHERE q."table" = %(table)s AND q.legacy_id = k.legacy_id)
  AND NOT EXISTS (SELECT FROM etl.excluded AS e WHERE e."table" = %(table)s AND e.legacy_id = k.legacy_id)
  AND NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = %(table)s AND l.legacy_id = k.legacy_id)
  AND k.legacy_id NOT IN ({repeated})
