-- Per user, the staged sum of the loaded rows against production's sum over the same rows: two single joins, no
-- fan-out. A difference is explained where a row was changed or removed since, in production or in the legacy app.
WITH pairs AS (
    SELECT l.legacy_user_id, l.legacy_id, k.{column}::numeric AS before, t.{column}::numeric AS after
    FROM etl.loaded AS l
    LEFT JOIN ({links}) AS k ON k._legacy_id = l.legacy_id
    LEFT JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
    WHERE l."table" = {table} {of_wave}),
sums AS (
    SELECT legacy_user_id, coalesce(sum(before), 0) AS before, coalesce(sum(after), 0) AS after FROM pairs GROUP BY 1),
differing AS (
    SELECT s.legacy_user_id,
           EXISTS (
               SELECT FROM etl.loaded AS l
               LEFT JOIN ({links}) AS k ON k._legacy_id = l.legacy_id
               LEFT JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
               WHERE l."table" = {table} {of_wave} AND l.legacy_user_id IS NOT DISTINCT FROM s.legacy_user_id
                 AND (t.{id} IS NULL OR t.xmin <> l.xid OR k._legacy_id IS NULL OR {staged} <> l.digest)
           ) AS is_explained,
           (SELECT min(p.legacy_id) FROM pairs AS p
            WHERE p.legacy_user_id IS NOT DISTINCT FROM s.legacy_user_id AND p.before IS DISTINCT FROM p.after) AS first
    FROM sums AS s WHERE s.before <> s.after)
SELECT (SELECT count(*) FROM sums),
       (SELECT count(*) FROM differing WHERE NOT is_explained),
       (SELECT count(*) FROM differing WHERE is_explained),
       (SELECT coalesce(sum(before), 0) FROM sums),
       (SELECT coalesce(sum(after), 0) FROM sums),
       (SELECT (array_agg(first))[1:6] FROM differing WHERE NOT is_explained)
