-- name: copy_out_users :many {counts, files, rows, totals}
-- Every legacy user whose history is not whole in the new app, for people, in the state that was labelled last.
WITH missing AS (
    SELECT {totals} FROM ({rows}) AS r GROUP BY r.legacy_user_id)
SELECT m.legacy_user_id, btrim(m.email, E' \t\n\r\x0b\x0c'), m.state, m.reason,
       to_char(m.since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       {counts}
FROM etl.legacy_user_map AS m
LEFT JOIN missing AS t ON t.legacy_user_id = m.legacy_user_id
{files}
WHERE m.state <> 'resolved' OR t.legacy_user_id IS NOT NULL
ORDER BY m.state, m.since, m.legacy_user_id

-- name: join_files :fragment {files}
-- How many files of the user are not in the new storage.
LEFT JOIN (SELECT n.legacy_user_id, count(*) AS files FROM ({files}) AS n GROUP BY n.legacy_user_id) AS f
    ON f.legacy_user_id = m.legacy_user_id

-- name: count_pages_open :fragment {pages}
-- Staged rows that have not arrived, per user and table, with the sums of the money columns.
SELECT b."table", b.legacy_user_id,
       CASE WHEN b.state IN ('waiting', 'ready') THEN b.rows ELSE 0 END AS waiting,
       CASE WHEN b.state = 'quarantined' THEN b.rows ELSE 0 END AS quarantined,
       b.sums
FROM ({pages}) AS b
WHERE b.state NOT IN ('loaded', 'excluded') AND b.legacy_user_id IS NOT NULL

-- name: count_refused_values :fragment {refused, table}
-- Rows of one table that are not loaded because a value was refused: theirs, or that of the row that they belong to.
SELECT {table}, r.legacy_user_id, 0, count(DISTINCT r.legacy_id), NULL
FROM ({refused}) AS r
WHERE r.legacy_user_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = {table} AND l.legacy_id = r.legacy_id)
GROUP BY r.legacy_user_id

-- name: refused_values :fragment {table}
-- Rows that are not staged, and whose they are.
SELECT q.legacy_id, q.legacy_user_id FROM etl.quarantine AS q WHERE q."table" = {table}

-- name: refused_values_via :fragment {owners, ref, refused, staging, table}
-- The same of a table that is owned through another.
SELECT s._legacy_id AS legacy_id, p.legacy_user_id FROM ({refused}) AS p JOIN {staging} AS s ON {ref} = p.legacy_id
UNION ALL
SELECT q.legacy_id, p.legacy_user_id
FROM etl.quarantine AS q JOIN ({owners}) AS p ON p.legacy_id = q.via_key WHERE q."table" = {table}
