-- In the place of what the last one found.
INSERT INTO etl.compared AS c ("by", run, staging, since, tables)
VALUES (%(by)s, %(run)s, %(staging)s, %(since)s, %(tables)s)
ON CONFLICT ("by") DO UPDATE
SET run = EXCLUDED.run, staging = EXCLUDED.staging, since = EXCLUDED.since, tables = EXCLUDED.tables
