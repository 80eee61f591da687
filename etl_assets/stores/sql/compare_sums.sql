-- Per user, the staged sum of the loaded rows against production's sum over the same rows: two single joins, no
-- fan-out. A difference is explained where a row was changed or removed since, in production or in the legacy app.
WITH sums AS (
    SELECT l.legacy_user_id,
           coalesce(sum(k.{column}::numeric), 0) AS before,
           coalesce(sum(t.{column}::numeric), 0) AS after,
           bool_or(t.{id} IS NULL OR t.xmin <> l.xid OR k._legacy_id IS NULL OR {staged} <> l.digest) AS is_explained,
           min(l.legacy_id) AS first
    FROM etl.loaded AS l
    LEFT JOIN ({links}) AS k ON k._legacy_id = l.legacy_id
    LEFT JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
    WHERE l."table" = {table} {of_wave}
    GROUP BY l.legacy_user_id)
SELECT count(*),
       count(*) FILTER (WHERE before <> after AND NOT is_explained),
       count(*) FILTER (WHERE before <> after AND is_explained),
       coalesce(sum(before), 0), coalesce(sum(after), 0),
       (array_agg(first) FILTER (WHERE before <> after AND NOT is_explained))[1:6]
FROM sums
