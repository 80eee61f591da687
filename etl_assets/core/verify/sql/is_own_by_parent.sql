-- The row belongs to whoever its parent belongs to.
EXISTS (SELECT FROM {parent} AS {alias} WHERE {id} = {ref} AND {own})
