-- When a user's rows last arrived; users without rows of their own stay unstamped. One row of each user is looked up,
-- by the index: joined, the ledger would be read whole for every batch.
UPDATE etl.legacy_user_map AS m SET migrated_at = clock_timestamp()
WHERE m.legacy_user_id = ANY (%(users)s)
  AND (SELECT true FROM etl.loaded AS l
       WHERE l.legacy_user_id = m.legacy_user_id AND l.xid = pg_current_xact_id()::xid LIMIT 1)
