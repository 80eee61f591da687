-- name: has_no_parent :fragment {filled, parent, same}
-- A foreign key of the target whose row is not there (any more).
({filled} AND NOT EXISTS (SELECT FROM {parent} AS t WHERE {same}))

-- name: has_twin_in_target :fragment {id, same, target}
-- Another row of the target with the same unique values.
EXISTS (SELECT FROM {target} AS t WHERE {same} AND t.{id} IS DISTINCT FROM x._new_id)

-- name: has_twin_in_staging :fragment {same, staging, table}
-- Another staged row with the same unique values, not loaded yet: neither is preferred.
EXISTS (SELECT FROM {staging} AS s
        WHERE {same} AND s._legacy_id <> x._legacy_id
          AND NOT EXISTS (SELECT FROM etl.loaded AS k WHERE k."table" = {table} AND k.legacy_id = s._legacy_id))
