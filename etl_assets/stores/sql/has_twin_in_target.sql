-- A row of the target with the same unique values: not ours, or this row would be in the ledger.
EXISTS (SELECT FROM {target} AS t WHERE {same})
