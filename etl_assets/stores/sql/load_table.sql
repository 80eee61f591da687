-- Inserts what is ready, reads each row back as it was written, and enters it into the ledger: one statement.
WITH batch AS MATERIALIZED (
    SELECT k.*, {expected} AS _digest FROM ({links}) AS k WHERE k._reason IS NULL {of_users}),
written AS (
    INSERT INTO {target} AS t ({columns}) OVERRIDING SYSTEM VALUE
    SELECT {columns} FROM batch ORDER BY {sorting}
    RETURNING t.{id} AS _new_id, {found} AS _digest),
entered AS (
    INSERT INTO etl.loaded ("table", legacy_id, new_id, legacy_user_id, wave, digest, xid)
    SELECT {table}, b._legacy_id, b._new_id::text, b._legacy_user_id, %(wave)s, w._digest, pg_current_xact_id()::xid
    FROM batch AS b JOIN written AS w ON w._new_id = b._new_id
    RETURNING 1)
SELECT (SELECT count(*) FROM batch),
       (SELECT count(*) FROM entered),
       (SELECT count(*) FROM batch AS b JOIN written AS w ON w._new_id = b._new_id WHERE w._digest <> b._digest),
       ARRAY(SELECT b._legacy_id FROM batch AS b LEFT JOIN written AS w ON w._new_id = b._new_id
             WHERE w._digest IS DISTINCT FROM b._digest ORDER BY b._legacy_id LIMIT 6),
       (SELECT coalesce(sum(hashtextextended(w._digest::text, 0)), 0)::text FROM written AS w)
