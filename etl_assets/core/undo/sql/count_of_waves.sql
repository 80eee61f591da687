-- How many rows of waves the ledger has, table by table.
SELECT l.wave, l."table", count(*) FROM etl.loaded AS l WHERE l.wave = ANY (%(waves)s) GROUP BY l.wave, l."table"
