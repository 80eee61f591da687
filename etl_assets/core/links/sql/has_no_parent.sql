-- A foreign key of the target whose row is not there (any more).
({filled} AND NOT EXISTS (SELECT FROM {parent} AS t WHERE {same}))
