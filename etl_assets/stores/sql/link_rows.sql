-- The first reason that holds, in the order quarantined, excluded, waiting; the ledger outranks them all. A loaded
-- row that names another owner now is not that owner's: SQLite gives a deleted row's id to the next one. The fence
-- (OFFSET 0) keeps the reason one value: inlined, it would be repeated wherever children look at their parents' state,
-- and planning would grow with the power of the depth.
SELECT s._legacy_id, s._new_id, {owner} AS _legacy_user_id, {account} AS _account_id, {wave} AS _wave, r._reason,
       {values}
FROM {staging} AS s
LEFT JOIN etl.loaded AS l ON l."table" = {table} AND l.legacy_id = s._legacy_id
{joins}
CROSS JOIN LATERAL (
    SELECT CASE WHEN l.legacy_id IS NOT NULL AND l.legacy_user_id IS DISTINCT FROM {owner} THEN 'owner_changed'
                {known}
                {reasons}
                END AS _reason
    OFFSET 0) AS r
