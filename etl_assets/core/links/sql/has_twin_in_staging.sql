-- Another staged row with the same unique values, not loaded yet: neither is preferred.
EXISTS (SELECT FROM {staging} AS s
        WHERE {same} AND s._legacy_id <> x._legacy_id
          AND NOT EXISTS (SELECT FROM etl.loaded AS k WHERE k."table" = {table} AND k.legacy_id = s._legacy_id))
