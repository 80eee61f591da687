-- name: write_compared :exec (by, run, since, staging, tables)
-- In the place of what the last one found.
INSERT INTO etl.compared AS c ("by", run, staging, since, tables)
VALUES (%(by)s, %(run)s, %(staging)s, %(since)s, %(tables)s)
ON CONFLICT ("by") DO UPDATE
SET run = EXCLUDED.run, staging = EXCLUDED.staging, since = EXCLUDED.since, tables = EXCLUDED.tables

-- name: find_compared :many (by, run, staging)
-- What was found of this staging: by this run, or within a day.
SELECT c.tables, to_char(c.since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM etl.compared AS c
WHERE c."by" = %(by)s AND c.staging = %(staging)s
  AND (c.run = %(run)s OR (%(run)s::text IS NULL AND c.since > clock_timestamp() - interval '1 day'))

-- name: find_reconciled :first (by, run)
-- Has this run left what it found?
SELECT true FROM etl.compared AS c WHERE c."by" = %(by)s AND c.run = %(run)s
