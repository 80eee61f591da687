-- Rows of the target that hold an id which a row still to be loaded will take.
SELECT count(*), (array_agg(k._legacy_id ORDER BY k._legacy_id))[1:6]
FROM {rows} AS k
JOIN {target} AS t ON t.{id} = k._new_id
WHERE NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = {table} AND l.legacy_id = k._legacy_id)
  AND NOT coalesce({adopted}, false) {of_users}
