-- The id of the second row under a legacy id.
LEFT JOIN etl.reissued AS {alias} ON {alias}."table" = {table} AND {alias}.legacy_id = {ref}
