-- What the target refused, while row and rules are what they were then.
LEFT JOIN etl.refused AS f ON f."table" = {table} AND f.legacy_id = s._legacy_id AND f.facts = {facts}
                              AND f.row_digest = md5(s::text)::uuid
