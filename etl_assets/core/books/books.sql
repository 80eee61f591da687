-- name: list_waves :many {totals}
-- The waves with what they loaded.
SELECT w.wave, w.users, coalesce(n.rows, 0), to_char(w.sealed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM etl.waves AS w
LEFT JOIN ({totals}) AS n ON n.wave = w.wave
ORDER BY w.wave

-- name: kept_waves :fragment
-- As they were counted last.
SELECT t.wave, t.rows FROM etl.wave_totals AS t

-- name: counted_waves :fragment
-- The ledger is read once, and not once for each wave.
SELECT l.wave, count(*) AS rows FROM etl.loaded AS l GROUP BY l.wave

-- name: kept_totals :fragment
-- As they were counted last.
SELECT t."table", t.source, t.loaded, t.quarantined, t.excluded FROM etl.totals AS t

-- name: list_staging_columns :many
-- The columns of each staging table there is.
SELECT substr(c.relname, 5), array_agg(a.attname::text)
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = to_regnamespace('etl') AND c.relkind = 'r' AND c.relname LIKE 'stg\_%%'
GROUP BY c.relname

-- name: read_groups :many {account_reasons, join_user, once, pages, sums}
-- All pages together: rows by table, state and reason. Rows wait for an account that may not hold them yet; what has
-- arrived or was set aside asks nobody's account.
WITH pages AS {once} ({pages})
SELECT g."table", g.state, g.reason, sum(g.rows)::bigint, ARRAY[{sums}]::text[]
FROM (SELECT b."table", b.state, b.reason, b.rows, b.sums FROM pages AS b WHERE b.state NOT IN ('ready', 'waiting')
      UNION ALL
      SELECT b."table", CASE WHEN a.reason IS NULL THEN b.state ELSE 'waiting' END,
             coalesce(a.reason, b.reason), b.rows, b.sums
      FROM pages AS b
      {join_user}
      CROSS JOIN LATERAL (
          SELECT CASE WHEN b.legacy_user_id IS NOT NULL THEN CASE {account_reasons} END END AS reason) AS a
      WHERE b.state IN ('ready', 'waiting')) AS g
GROUP BY g."table", g.state, g.reason
ORDER BY g."table", g.state, g.reason

-- name: read_totals :many {totals}
-- What stands beside the pages.
SELECT t."table", t.source, t.loaded, t.quarantined, t.excluded FROM ({totals}) AS t

-- name: summarise_staging :one {staging, wanted}
-- What stands in a staging table: rows, users, the range of each timestamp. Users are counted apart: `count(DISTINCT ...)` would sort all rows.
SELECT u.users, w.*
FROM (SELECT {wanted} FROM {staging} AS s) AS w,
     (SELECT count(*) AS users FROM (
          SELECT DISTINCT s._legacy_user_id FROM {staging} AS s WHERE s._legacy_user_id IS NOT NULL) AS d) AS u
