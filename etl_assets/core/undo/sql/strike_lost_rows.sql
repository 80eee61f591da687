-- Rows that went with their account: nobody removed them one by one, so an account that the user makes anew may have
-- them again. They leave the ledger, and with it what was kept of their former values.
WITH lost AS (
    SELECT u.legacy_id
    FROM pg_temp.etl_undo AS u
    JOIN etl.loaded AS l ON l."table" = u."table" AND l.legacy_id = u.legacy_id
    JOIN etl.legacy_user_map AS m ON m.legacy_user_id = l.legacy_user_id AND m.supabase_user_id IS NOT NULL
    WHERE u."table" = {table} AND u.how = 'remove'
      AND NOT EXISTS (SELECT FROM {profiles} AS p WHERE p.id = m.supabase_user_id)
      AND NOT EXISTS (SELECT FROM {target} AS t WHERE t.{id} = u.new_id::{id_type})),
former AS (
    DELETE FROM etl.former AS f USING lost AS o WHERE f."table" = {table} AND f.legacy_id = o.legacy_id),
struck AS (
    DELETE FROM etl.loaded AS l USING lost AS o WHERE l."table" = {table} AND l.legacy_id = o.legacy_id
    RETURNING l.legacy_id),
passed AS (
    DELETE FROM pg_temp.etl_undo AS u USING lost AS o WHERE u."table" = {table} AND u.legacy_id = o.legacy_id)
SELECT count(*) FROM struck
