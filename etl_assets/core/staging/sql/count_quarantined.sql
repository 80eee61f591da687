-- Rows with a refused value.
SELECT count(DISTINCT q.legacy_id) FROM etl.quarantine AS q WHERE q."table" = %(table)s
