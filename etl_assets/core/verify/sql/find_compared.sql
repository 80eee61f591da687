-- What was found of this staging: by this run, or within a day.
SELECT c.tables, to_char(c.since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM etl.compared AS c
WHERE c."by" = %(by)s AND c.staging = %(staging)s
  AND (c.run = %(run)s OR (%(run)s::text IS NULL AND c.since > clock_timestamp() - interval '1 day'))
