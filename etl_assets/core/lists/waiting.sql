-- name: copy_out_users :many {counts, rows, totals}
-- Every legacy user whose history is not whole in the new app, for people, in the state that was labelled last.
WITH missing AS (
    SELECT {totals} FROM ({rows}) AS r GROUP BY r.legacy_user_id)
SELECT m.legacy_user_id, btrim(m.email, E' \t\n\r\x0b\x0c'), m.state, m.reason,
       to_char(m.since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       {counts}
FROM etl.legacy_user_map AS m
LEFT JOIN missing AS t ON t.legacy_user_id = m.legacy_user_id
WHERE m.state <> 'resolved' OR t.legacy_user_id IS NOT NULL
ORDER BY m.state, m.since, m.legacy_user_id

-- name: count_waiting :fragment {links, sums, table}
-- One table's staged rows that have not arrived, per user, with the sums of the money columns; and the rows that are not
-- staged because a value was refused.
SELECT {table} AS "table", k._legacy_user_id AS legacy_user_id,
       count(*) FILTER (WHERE k._state IN ('waiting', 'ready')) AS waiting,
       count(*) FILTER (WHERE k._state = 'quarantined') AS quarantined,
       {sums} AS sums
FROM ({links}) AS k
WHERE k._state NOT IN ('loaded', 'excluded') AND k._legacy_user_id IS NOT NULL
GROUP BY k._legacy_user_id
UNION ALL
SELECT {table}, q.legacy_user_id, 0, count(DISTINCT q.legacy_id), NULL
FROM etl.quarantine AS q
WHERE q."table" = {table} AND q.legacy_user_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = {table} AND l.legacy_id = q.legacy_id)
GROUP BY q.legacy_user_id

-- name: count_not_arrived :fragment {columns, links, owners, sums, table}
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
