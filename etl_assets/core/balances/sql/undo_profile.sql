-- Gives back what stood there before, where it still is what we wrote; what was changed since stays as it is.
WITH gone AS (
    DELETE FROM etl.profile_values AS r
    WHERE r.attribute = {attribute} AND (r.wave = %(wave)s OR r.legacy_user_id = ANY (%(users)s))
    RETURNING r.account, r.before, r.after, r.is_written),
ours AS (
    SELECT g.account, g.before FROM gone AS g JOIN {profiles} AS p ON p.id = g.account
    WHERE g.is_written AND p.{column} IS NOT DISTINCT FROM g.after::{type}),
written AS (
    UPDATE {profiles} AS p SET {column} = o.before::{type} FROM ours AS o WHERE p.id = o.account
    RETURNING p.{column} IS NOT DISTINCT FROM o.before::{type} AS is_exact)
SELECT (SELECT count(*) FROM ours), (SELECT count(*) FROM ours) - (SELECT count(*) FROM written WHERE is_exact)
