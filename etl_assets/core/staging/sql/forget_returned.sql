-- Rows that had vanished and are there again.
DELETE FROM etl.excluded AS e
WHERE e."table" = %(table)s AND e.reason = 'vanished'
  AND (e.legacy_id = ANY (%(keys)s::text[])
       OR EXISTS (SELECT FROM {staging} AS s WHERE s._legacy_id = e.legacy_id)
       OR EXISTS (SELECT FROM etl.quarantine AS q WHERE q."table" = %(table)s AND q.legacy_id = e.legacy_id)
       OR e.legacy_id IN ({repeated}))
