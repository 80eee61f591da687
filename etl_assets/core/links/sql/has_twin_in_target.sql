-- Another row of the target with the same unique values.
EXISTS (SELECT FROM {target} AS t WHERE {same} AND t.{id} IS DISTINCT FROM x._new_id)
