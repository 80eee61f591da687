-- How many of one user's rows the ledger has.
SELECT count(*) FROM etl.loaded AS l WHERE l."table" = {table} AND l.legacy_user_id = ANY (%(users)s)
