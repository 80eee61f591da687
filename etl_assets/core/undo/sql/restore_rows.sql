-- The values from before the wave, read back against the digest that the row had then.
WITH earliest AS MATERIALIZED (
    SELECT DISTINCT ON (f.legacy_id) f.legacy_id, f.digest, f.content, u.new_id
    FROM pg_temp.etl_undo AS u
    JOIN etl.former AS f ON f."table" = u."table" AND f.legacy_id = u.legacy_id AND f.wave = %(wave)s
    WHERE u."table" = {table} AND u.how = 'restore'
    ORDER BY f.legacy_id, f.id),
written AS (
    UPDATE {target} AS t SET {changes}
    FROM earliest AS e
    WHERE t.{id} = e.new_id::{id_type}
    RETURNING e.legacy_id, e.digest AS expected, {found} AS digest),
entered AS (
    UPDATE etl.loaded AS l SET digest = w.digest, xid = pg_current_xact_id()::xid
    FROM written AS w WHERE l."table" = {table} AND l.legacy_id = w.legacy_id),
former AS (
    DELETE FROM etl.former AS f USING written AS w
    WHERE f."table" = {table} AND f.legacy_id = w.legacy_id AND f.wave = %(wave)s)
SELECT count(*), count(*) FILTER (WHERE expected <> digest) FROM written
