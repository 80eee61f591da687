-- The ledger's row of the parent through which the row is owned.
LEFT JOIN etl.loaded AS o ON o."table" = {parent} AND o.new_id = t.{via}::text
