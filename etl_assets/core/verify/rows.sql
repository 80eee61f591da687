-- name: join_claim :fragment
-- The claim of the row's legacy user.
LEFT JOIN etl.legacy_user_map AS m ON m.legacy_user_id = l.legacy_user_id

-- name: id_by_column :fragment {id, key, table, target, via}
-- The id of the parent that has in its column what the row has; of several, which the app may have made, a loaded one.
(SELECT b.{id}::text FROM {target} AS b WHERE b.{key} = t.{via}
 ORDER BY NOT EXISTS (SELECT FROM etl.loaded AS e WHERE e."table" = {table} AND e.new_id = b.{id}::text) LIMIT 1)

-- name: join_ledger_parent :fragment {named, parent}
-- The ledger's row of the parent through which the row is owned.
LEFT JOIN etl.loaded AS o ON o."table" = {parent} AND o.new_id = {named}

-- name: compare_rows :one
--     {found, id, id_type, is_equal, links, misowned, of_wave, owners, repeated, staged, sums, sums_of_users, table,
--     target, totals}
-- Ledger rows against production and staging, row by row, and their money user by user: one reading. Each row is given
-- two words, once: what production has of it, and what staging has now. A row that differs and still carries the loading
-- transaction's id is our fault (`altered`), one that another transaction wrote since, in whichever column, or removed is
-- its user's business (`changed`, `rewritten`, `gone`). One that is as it was loaded and stands under another account than the one of the claim is
-- `misowned`. What equals production, in the version that we wrote, needs no second digest (`same`).
WITH judged AS MATERIALIZED (
    SELECT l.legacy_user_id,
           CASE WHEN t.{id} IS NULL THEN 'gone'
                WHEN {found} IS DISTINCT FROM l.digest THEN CASE WHEN t.xmin = l.xid THEN 'altered' ELSE 'changed' END
                WHEN {misowned} THEN 'misowned'
                WHEN t.xmin = l.xid THEN 'untouched'
                ELSE 'rewritten' END AS found,
           CASE WHEN k._legacy_id IS NULL AND q.legacy_id IS NOT NULL THEN 'refused'
                WHEN k._legacy_id IS NULL AND e.legacy_id IS NOT NULL THEN 'excluded'
                WHEN k._legacy_id IS NULL THEN 'vanished'
                WHEN t.xmin = l.xid AND {is_equal} THEN 'same'
                WHEN {staged} = l.digest THEN 'as_loaded'
                ELSE 'edited' END AS staged,
           count(*) AS rows,
           (array_agg(l.legacy_id))[1:6] AS sample
           {sums}
    FROM etl.loaded AS l
    LEFT JOIN ({links}) AS k ON k._legacy_id = l.legacy_id AND k._reason IS DISTINCT FROM 'id_given_to_another_row'
    LEFT JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
    LEFT JOIN (
        SELECT f.legacy_id FROM etl.quarantine AS f WHERE f."table" = {table} UNION {repeated}) AS q
        ON q.legacy_id = l.legacy_id
    LEFT JOIN etl.excluded AS e ON e."table" = {table} AND e.legacy_id = l.legacy_id AND e.reason <> 'vanished'
    {owners}
    WHERE l."table" = {table} {of_wave}
    GROUP BY 1, 2, 3),
-- A row whose new version is refused has changed in the legacy app too; one that is nowhere any more has vanished.
named AS MATERIALIZED (
    SELECT j.*,
           j.staged IN ('refused', 'edited') OR (j.staged = 'same' AND j.found = 'altered') AS differs_in_legacy
    FROM judged AS j),
-- A user's other total is explained where a row was changed or removed since, in production or in the legacy app.
users AS (
    SELECT n.legacy_user_id,
           bool_or(n.differs_in_legacy OR n.found IN ('gone', 'changed', 'rewritten')
                   OR n.staged IN ('excluded', 'vanished')) AS is_explained
           {sums_of_users}
    FROM named AS n GROUP BY n.legacy_user_id)
SELECT c.*,
       ARRAY(SELECT unnest(n.sample) FROM named AS n WHERE n.found = 'altered' ORDER BY 1 LIMIT 6) AS altered_sample,
       ARRAY(SELECT unnest(n.sample) FROM named AS n
             WHERE n.found IN ('changed', 'rewritten') ORDER BY 1 LIMIT 6) AS changed_sample,
       ARRAY(SELECT unnest(n.sample) FROM named AS n WHERE n.found = 'gone' ORDER BY 1 LIMIT 6) AS gone_sample,
       ARRAY(SELECT unnest(n.sample) FROM named AS n WHERE n.found = 'misowned' ORDER BY 1 LIMIT 6) AS misowned_sample,
       ARRAY(SELECT unnest(n.sample) FROM named AS n
             WHERE n.differs_in_legacy OR n.staged = 'vanished' ORDER BY 1 LIMIT 6) AS legacy_sample,
       s.*
FROM (SELECT coalesce(sum(n.rows), 0)::bigint AS compared,
             coalesce(sum(n.rows) FILTER (WHERE n.found IN ('untouched', 'misowned')), 0)::bigint AS equal,
             coalesce(sum(n.rows) FILTER (WHERE n.found = 'altered'), 0)::bigint AS altered,
             coalesce(sum(n.rows) FILTER (WHERE n.found IN ('changed', 'rewritten')), 0)::bigint AS changed_since,
             coalesce(sum(n.rows) FILTER (WHERE n.found = 'gone'), 0)::bigint AS gone_since,
             coalesce(sum(n.rows) FILTER (WHERE n.found = 'misowned'), 0)::bigint AS misowned,
             coalesce(sum(n.rows) FILTER (WHERE n.differs_in_legacy), 0)::bigint AS changed_in_legacy,
             coalesce(sum(n.rows) FILTER (WHERE n.staged = 'vanished'), 0)::bigint AS vanished
      FROM named AS n) AS c,
     (SELECT count(*) AS users, jsonb_build_object({totals}) AS sums FROM users AS u) AS s

-- name: sums_of_rows :fragment {after, before, column, first}
-- A money column's sums over rows, before and after, and the first row in which they differ; NULL counts as nothing.
coalesce(sum(k.{column}::numeric), 0) AS {before}, coalesce(sum(t.{column}::numeric), 0) AS {after},
min(l.legacy_id) FILTER (WHERE k.{column}::numeric IS DISTINCT FROM t.{column}::numeric) AS {first}

-- name: sums_of_users :fragment {after, before, first}
-- The same over the sums of a user.
sum(n.{before}) AS {before}, sum(n.{after}) AS {after}, min(n.{first}) AS {first}

-- name: compare_sums :fragment {after, before, first, money}
-- A money column's sums, user by user: whose differ, for whom that is explained, the totals, and a sample.
{money}, jsonb_build_object(
    'differing', count(*) FILTER (WHERE u.{before} <> u.{after} AND NOT u.is_explained),
    'explained', count(*) FILTER (WHERE u.{before} <> u.{after} AND u.is_explained),
    'before', coalesce(sum(u.{before}), 0)::text,
    'after', coalesce(sum(u.{after}), 0)::text,
    'sample', (array_agg(u.{first}) FILTER (WHERE u.{before} <> u.{after} AND NOT u.is_explained))[1:6])
