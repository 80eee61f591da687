-- name: kept_pages :fragment
-- As they were counted last.
SELECT b."table", b.legacy_user_id, b.state, b.reason, b.rows, b.sums FROM etl.book AS b

-- name: pages_of :fragment {links, of_users, state, sums, table}
-- One table's pages as its staged rows are now.
SELECT {table}::text AS "table", g._legacy_user_id AS legacy_user_id, {state} AS state, g._reason AS reason, g.rows, g.sums
FROM (SELECT k._legacy_user_id, k._reason, count(*) AS rows, {sums}::numeric[] AS sums
      FROM ({links}) AS k WHERE true {of_users} GROUP BY k._legacy_user_id, k._reason) AS g

-- name: totals_of :fragment {repeated, staging, table}
-- What one table's books say beside its staged rows. The source is counted by SQLite, plus the ids that earlier snapshots
-- had and this one has not. Of the rows that share a loaded key one is the loaded one.
SELECT {table}::text AS "table",
       coalesce((SELECT d.source_rows FROM etl.staged AS d WHERE d."table" = {table}), 0) + gone.vanished + left_out.vanished
           AS source,
       ledger.loaded, refused.rows AS quarantined, left_out.rows AS excluded
FROM (SELECT count(*) AS loaded FROM etl.loaded AS l WHERE l."table" = {table}) AS ledger,
     (SELECT count(*) AS vanished FROM etl.loaded AS l
      WHERE l."table" = {table}
        AND NOT EXISTS (SELECT FROM {staging} AS s WHERE s._legacy_id = l.legacy_id)
        AND NOT EXISTS (SELECT FROM etl.quarantine AS q WHERE q."table" = {table} AND q.legacy_id = l.legacy_id)
        AND NOT EXISTS (SELECT FROM etl.excluded AS e WHERE e."table" = {table} AND e.legacy_id = l.legacy_id)
        AND NOT EXISTS (SELECT FROM ({repeated}) AS r WHERE r.legacy_id = l.legacy_id)) AS gone,
     (SELECT count(DISTINCT q.legacy_id) - (
                 SELECT count(*) FROM ({repeated}) AS r
                 WHERE EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = {table} AND l.legacy_id = r.legacy_id)) AS rows
      FROM etl.quarantine AS q
      WHERE q."table" = {table}
        AND NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = {table} AND l.legacy_id = q.legacy_id)) AS refused,
     (SELECT count(*) AS rows, count(*) FILTER (WHERE e.reason = 'vanished') AS vanished FROM etl.excluded AS e
      WHERE e."table" = {table}
        AND NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = {table} AND l.legacy_id = e.legacy_id)) AS left_out

-- name: drop_fresh :exec
-- A transaction may count twice.
DROP TABLE IF EXISTS pg_temp.etl_fresh

-- name: gather_fresh :exec {fresh}
-- Every page anew, by itself: a statement that writes to a table that stays is not read for in parallel.
CREATE TEMP TABLE etl_fresh ON COMMIT DROP AS {fresh}

-- name: replace_pages :one
-- The fresh pages in the place of the former ones. Where a former one differs: how many users that is about, nobody among them, and a few of them. What
-- only the app's own rows decide may have changed since, and is no difference; nor is what a wave that was sealed and not
-- loaded yet will change.
WITH compared AS (
    SELECT b."table", b.legacy_user_id, b.state, b.reason, b.rows, true AS is_former FROM etl.book AS b
    UNION ALL SELECT f."table", f.legacy_user_id, f.state, f.reason, f.rows, false FROM pg_temp.etl_fresh AS f),
judged AS (
    SELECT b."table", b.legacy_user_id, b.is_former, b.rows,
           CASE WHEN b.state IN ('loaded', 'excluded') THEN b.state
                WHEN b.state = 'quarantined' AND b.reason NOT IN ('target_conflict', 'target_refused') THEN b.state
                WHEN bool_or(b.reason IN ('target_conflict', 'target_refused'))
                     OVER (PARTITION BY b."table", b.legacy_user_id) THEN 'open'
                ELSE b.state END AS kind
    FROM compared AS b),
differing AS (
    SELECT DISTINCT coalesce(j.legacy_user_id, '') AS legacy_user_id
    FROM (SELECT d."table", d.legacy_user_id, d.kind FROM judged AS d GROUP BY 1, 2, 3
          HAVING coalesce(sum(d.rows) FILTER (WHERE d.is_former), 0)
                 <> coalesce(sum(d.rows) FILTER (WHERE NOT d.is_former), 0)) AS j),
cleared AS (DELETE FROM etl.book),
written AS (
    INSERT INTO etl.book ("table", legacy_user_id, state, reason, rows, sums)
    SELECT f."table", f.legacy_user_id, f.state, f.reason, f.rows, f.sums FROM pg_temp.etl_fresh AS f)
SELECT count(*), (array_agg(d.legacy_user_id ORDER BY d.legacy_user_id))[1:6]
FROM differing AS d
WHERE NOT EXISTS (SELECT FROM etl.waves AS w WHERE w.undone_at IS NULL AND w.loaded_at IS NULL)

-- name: recount_users :one (users) {fresh, table}
-- The pages of some users anew: rows and loaded rows before and after.
WITH former AS (
    DELETE FROM etl.book AS b WHERE b."table" = {table} AND b.legacy_user_id = ANY (%(users)s) RETURNING b.state, b.rows),
fresh AS (
    INSERT INTO etl.book AS b ("table", legacy_user_id, state, reason, rows, sums)
    SELECT f."table", f.legacy_user_id, f.state, f.reason, f.rows, f.sums FROM ({fresh}) AS f
    RETURNING b.state, b.rows)
SELECT (SELECT coalesce(sum(f.rows), 0) FROM former AS f)::bigint,
       (SELECT coalesce(sum(f.rows), 0) FROM fresh AS f)::bigint,
       (SELECT coalesce(sum(f.rows) FILTER (WHERE f.state = 'loaded'), 0) FROM former AS f)::bigint,
       (SELECT coalesce(sum(f.rows) FILTER (WHERE f.state = 'loaded'), 0) FROM fresh AS f)::bigint

-- name: clear_totals :exec
-- They are counted anew.
DELETE FROM etl.totals

-- name: list_totals :many {totals}
-- What the tables say beside the pages; read by itself, so that Postgres may do it in parallel.
SELECT t."table", t.source, t.loaded, t.quarantined, t.excluded FROM ({totals}) AS t

-- name: write_totals :exec (excluded, loaded, quarantined, sources, tables)
-- They are the books' from here on.
INSERT INTO etl.totals ("table", source, loaded, quarantined, excluded)
SELECT * FROM unnest(%(tables)s::text[], %(sources)s::bigint[], %(loaded)s::bigint[], %(quarantined)s::bigint[],
                     %(excluded)s::bigint[])

-- name: clear_wave_totals :exec
-- They are counted anew.
DELETE FROM etl.wave_totals

-- name: write_wave_totals :exec
-- The ledger is read once, and not once for each wave.
INSERT INTO etl.wave_totals (wave, rows)
SELECT l.wave, count(*) FROM etl.loaded AS l WHERE l.wave IS NOT NULL GROUP BY l.wave

-- name: add_to_table :exec (rows, table)
-- A load has brought rows.
UPDATE etl.totals SET loaded = loaded + %(rows)s WHERE "table" = %(table)s

-- name: add_to_wave :exec (rows, wave)
-- A load has brought rows.
INSERT INTO etl.wave_totals AS w (wave, rows) VALUES (%(wave)s, %(rows)s)
ON CONFLICT (wave) DO UPDATE SET rows = w.rows + EXCLUDED.rows

-- name: clear_pages :exec
-- Nothing is staged any more that a page could be about.
DELETE FROM etl.book

-- name: list_referring :fragment (users) {named, owners, parent, staging}
-- Owners of the staged rows that refer to what this transaction has loaded.
SELECT o.legacy_user_id
FROM etl.loaded AS l
JOIN {staging} AS s ON {named}
JOIN ({owners}) AS o ON o.legacy_id = s._legacy_id
WHERE l."table" = {parent} AND l.legacy_user_id = ANY (%(users)s) AND l.xid = pg_current_xact_id()::xid

-- name: list_naming :fragment (users) {owners, ref, staging}
-- Owners of the staged rows that name one of these users beside their own.
SELECT o.legacy_user_id
FROM {staging} AS s
JOIN ({owners}) AS o ON o.legacy_id = s._legacy_id
WHERE {ref} = ANY (%(users)s)

-- name: list_dependent_users :many (users) {referring}
-- Others of whose rows some may be in another state now.
SELECT DISTINCT d.legacy_user_id FROM ({referring}) AS d
WHERE d.legacy_user_id IS NOT NULL AND d.legacy_user_id <> ALL (%(users)s)

-- name: list_reasons :many
-- Which reasons staged rows have.
SELECT DISTINCT b."table", b.reason FROM etl.book AS b WHERE b.reason IS NOT NULL

-- name: list_conflicted_users :many
-- Claimed users with rows that the target would refuse, unless something has changed there since.
SELECT DISTINCT b.legacy_user_id
FROM etl.book AS b
JOIN etl.legacy_user_map AS m ON m.legacy_user_id = b.legacy_user_id AND m.supabase_user_id IS NOT NULL
WHERE b.reason IN ('target_conflict', 'target_refused')
