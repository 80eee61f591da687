-- Out of production and out of the ledger: one statement.
WITH removed AS (
    DELETE FROM {target} AS t USING pg_temp.etl_undo AS u
    WHERE u."table" = {table} AND u.how = 'remove' AND t.{id} = u.new_id::{id_type}
    RETURNING u.legacy_id),
former AS (
    DELETE FROM etl.former AS f USING removed AS r WHERE f."table" = {table} AND f.legacy_id = r.legacy_id),
struck AS (
    DELETE FROM etl.loaded AS l USING removed AS r WHERE l."table" = {table} AND l.legacy_id = r.legacy_id
    RETURNING 1)
SELECT count(*) FROM struck
