-- name: list_late_users :many {links, whose}
-- Users of any wave who have rows that could be loaded now: new, corrected, or freed by a row that has arrived. The
-- claimed users come first, so that nothing is read where there are none.
SELECT DISTINCT k._legacy_user_id FROM ({links}) AS k
WHERE k._reason IS NULL
  AND k._legacy_user_id IN (
      SELECT m.legacy_user_id FROM etl.legacy_user_map AS m WHERE m.supabase_user_id IS NOT NULL {whose})

-- name: describe_staging :one {tables}
-- What the staging tables of the spec are made from: which are there, of how many snapshots, and a mark that every
-- staging changes.
SELECT coalesce(array_agg(d."table"), ARRAY[]::text[]),
       count(DISTINCT d.snapshot),
       coalesce(md5(string_agg(d."table" || ' ' || d.snapshot || ' ' || d.spec_digest || ' ' || d.staged_at,
                               ',' ORDER BY d."table")), '')
FROM etl.staged AS d WHERE d."table" IN ({tables})

-- name: is_large_wave :one (wave)
-- Does a wave hold more than a fifth of all claimed users? Then all rows are read rather than theirs looked up.
SELECT count(*) FILTER (WHERE m.wave = %(wave)s) * 5 > count(*)
FROM etl.legacy_user_map AS m WHERE m.supabase_user_id IS NOT NULL

-- name: list_unfinished_waves :many
-- Sealed waves whose load was cut off, or that nobody has read back since, oldest first; not those that were undone.
SELECT wave FROM etl.waves WHERE undone_at IS NULL AND (loaded_at IS NULL OR verified_at IS NULL) ORDER BY wave

-- name: find_late_row :one {links}
-- One row that could be loaded now, or NULL. By min() and not LIMIT 1, for which Postgres looks rows up one by one: where
-- there is none, that took 50 s for 3,000,000 staged rows, and this 5.
SELECT min(k._legacy_id) FROM ({links}) AS k
WHERE k._reason IS NULL
  AND k._legacy_user_id IN (SELECT m.legacy_user_id FROM etl.legacy_user_map AS m WHERE m.supabase_user_id IS NOT NULL)
