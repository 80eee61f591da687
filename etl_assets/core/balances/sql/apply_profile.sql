-- Gives each account what the legacy app says of one attribute, once, and notes what stood there. Of two legacy users of
-- one account the first counts.
WITH due AS MATERIALIZED (
    SELECT DISTINCT ON (b.account) b.account, b.legacy_user_id, b.held, g.value, {sets} OR b.held IS NULL AS is_ours
    FROM pg_temp.etl_profile_before AS b
    JOIN etl.legacy_user_map AS m ON m.legacy_user_id = b.legacy_user_id
    JOIN etl.legacy_profile AS g ON g.attribute = b.attribute AND g.legacy_user_id = b.legacy_user_id
    WHERE b.attribute = {attribute} AND m.held IS NULL AND NOT m.is_another
      AND NOT EXISTS (SELECT FROM etl.profile_values AS r WHERE r.attribute = b.attribute AND r.account = b.account)
    ORDER BY b.account, b.legacy_user_id),
written AS (
    UPDATE {profiles} AS p SET {column} = d.value::{type} FROM due AS d WHERE p.id = d.account AND d.is_ours
    RETURNING p.id, p.{column} IS NOT DISTINCT FROM d.value::{type} AS is_exact),
entered AS (
    INSERT INTO etl.profile_values (attribute, account, legacy_user_id, wave, run, before, after, is_written)
    SELECT {attribute}, d.account, d.legacy_user_id, %(wave)s, %(run)s, d.held, d.value, d.is_ours FROM due AS d
    RETURNING 1)
SELECT (SELECT count(*) FROM entered),
       (SELECT count(*) FROM due AS d WHERE d.is_ours) - (SELECT count(*) FROM written WHERE is_exact),
       ARRAY(SELECT d.legacy_user_id FROM due AS d LEFT JOIN written AS w ON w.id = d.account
             WHERE d.is_ours AND w.is_exact IS NOT TRUE ORDER BY d.legacy_user_id LIMIT 6)
