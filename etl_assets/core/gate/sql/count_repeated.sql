-- Rows that share values which should be unique (guide, step 5: duplicate references).
SELECT coalesce(sum(r.rows), 0), (array_agg(r.first ORDER BY r.first))[1:6]
FROM (SELECT count(*) AS rows, min(s._legacy_id) AS first FROM {staging} AS s
      WHERE {filled} GROUP BY {columns} HAVING count(*) > 1) AS r
