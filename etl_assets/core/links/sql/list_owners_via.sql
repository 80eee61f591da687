-- Rows and the owners of the rows that they refer to.
SELECT s._legacy_id AS legacy_id, p.legacy_user_id FROM {staging} AS s JOIN ({parents}) AS p ON p.legacy_id = {ref}
UNION ALL
SELECT q.legacy_id, p.legacy_user_id
FROM etl.quarantine AS q JOIN ({parents}) AS p ON p.legacy_id = q.via_key WHERE q."table" = {table}
