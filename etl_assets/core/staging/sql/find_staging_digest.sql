-- The digest of what was staged; NULL where a former version staged it.
SELECT d.digest FROM etl.staged AS d WHERE d."table" = %(table)s
