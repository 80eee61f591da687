-- Rows and the legacy users that they name.
SELECT s._legacy_id AS legacy_id, s._legacy_user_id AS legacy_user_id FROM {staging} AS s
UNION ALL
SELECT q.legacy_id, q.legacy_user_id FROM etl.quarantine AS q WHERE q."table" = {table}
