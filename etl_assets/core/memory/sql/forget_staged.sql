-- No staging table is left.
DELETE FROM etl.staged
