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
