-- The export that the staging table was made from was written again without the forgotten rows.
UPDATE etl.staged SET content = %(content)s
WHERE "table" = %(table)s AND snapshot = %(snapshot)s AND content <> %(content)s
