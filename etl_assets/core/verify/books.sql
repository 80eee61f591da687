-- name: list_waves :many
-- The waves with what they loaded; the ledger is read once, and not once for each wave.
SELECT w.wave, w.users, coalesce(n.rows, 0), to_char(w.sealed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM etl.waves AS w
LEFT JOIN (SELECT l.wave, count(*) AS rows FROM etl.loaded AS l GROUP BY l.wave) AS n ON n.wave = w.wave
ORDER BY w.wave

-- name: list_staging_columns :many
-- The columns of each staging table there is.
SELECT substr(c.relname, 5), array_agg(a.attname::text)
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = to_regnamespace('etl') AND c.relkind = 'r' AND c.relname LIKE 'stg\_%%'
GROUP BY c.relname

-- name: count_book :one {links, repeated, staging, state, sums, table}
-- One table's book: source, loaded, refused by value, left out, and the staged rows by state and reason with the sums
-- of the money columns. The source is counted by SQLite, plus the ids that earlier snapshots had and this one has not, or has for
-- another row; the states are counted here. Of the rows that share a loaded key one is the loaded one.
WITH repeated AS MATERIALIZED (
    SELECT r.legacy_id FROM ({repeated}) AS r
    WHERE EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = {table} AND l.legacy_id = r.legacy_id)),
reasons AS (
    SELECT k._reason, count(*) AS rows, {sums} AS sums FROM ({links}) AS k GROUP BY k._reason),
linked AS (
    SELECT {state} AS _state, g._reason, g.rows, g.sums FROM reasons AS g),
ledger AS (
    SELECT count(*) AS loaded FROM etl.loaded AS l WHERE l."table" = {table}),
gone AS (
    SELECT count(*) AS vanished FROM etl.loaded AS l
    WHERE l."table" = {table}
      AND NOT EXISTS (SELECT FROM {staging} AS s WHERE s._legacy_id = l.legacy_id)
      AND NOT EXISTS (SELECT FROM etl.quarantine AS q WHERE q."table" = {table} AND q.legacy_id = l.legacy_id)
      AND NOT EXISTS (SELECT FROM etl.excluded AS e WHERE e."table" = {table} AND e.legacy_id = l.legacy_id)
      AND NOT EXISTS (SELECT FROM repeated AS r WHERE r.legacy_id = l.legacy_id)),
refused AS (
    SELECT count(DISTINCT q.legacy_id) - (SELECT count(*) FROM repeated) AS rows FROM etl.quarantine AS q
    WHERE q."table" = {table}
      AND NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = {table} AND l.legacy_id = q.legacy_id)),
left_out AS (
    SELECT count(*) AS rows, count(*) FILTER (WHERE e.reason = 'vanished') AS vanished FROM etl.excluded AS e
    WHERE e."table" = {table}
      AND NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = {table} AND l.legacy_id = e.legacy_id))
SELECT (SELECT d.source_rows FROM etl.staged AS d WHERE d."table" = {table}) + gone.vanished + left_out.vanished
       + (SELECT coalesce(sum(d.rows), 0) FROM linked AS d WHERE d._reason = 'id_given_to_another_row'),
       ledger.loaded,
       refused.rows,
       left_out.rows,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(_state, _reason, rows, sums) ORDER BY _state, _reason), '[]')
        FROM linked)
FROM ledger, gone, refused, left_out

-- name: summarise_staging :one {staging, wanted}
-- What stands in a staging table: rows, users, the range of each timestamp. Users are counted apart: `count(DISTINCT ...)` would sort all rows.
SELECT u.users, w.*
FROM (SELECT {wanted} FROM {staging} AS s) AS w,
     (SELECT count(*) AS users FROM (
          SELECT DISTINCT s._legacy_user_id FROM {staging} AS s WHERE s._legacy_user_id IS NOT NULL) AS d) AS u
