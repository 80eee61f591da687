-- Rows of the target that hold an id which a row still to be loaded will take.
SELECT count(*), (array_agg(k._legacy_id ORDER BY k._legacy_id))[1:6]
FROM ({links}) AS k
JOIN {target} AS t ON t.{id} = k._new_id
WHERE k._state <> 'loaded' AND NOT coalesce({adopted}, false) {of_users}
