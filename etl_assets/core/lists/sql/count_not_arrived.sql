-- As `count_waiting`, of a table that is owned through another. By the owners and not by the links' own: rows whose
-- value was refused, and their children, have no linked owner. A row has as many lines among the owners as it, or the
-- row that it belongs to, has refused cells.
SELECT {table} AS "table", k.legacy_user_id,
       count(*) FILTER (WHERE k._state IN ('waiting', 'ready')) AS waiting,
       count(*) FILTER (WHERE k._state IS NULL OR k._state = 'quarantined') AS quarantined,
       {sums} AS sums
FROM (
    SELECT DISTINCT {columns}
    FROM ({owners}) AS o
    LEFT JOIN ({links}) AS x ON x._legacy_id = o.legacy_id
    WHERE o.legacy_user_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = {table} AND l.legacy_id = o.legacy_id)
      AND (x._legacy_id IS NULL OR x._state <> 'excluded')) AS k
GROUP BY k.legacy_user_id
