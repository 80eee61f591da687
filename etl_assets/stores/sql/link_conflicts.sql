-- Rows that a UNIQUE, CHECK or FOREIGN KEY constraint of the target would refuse: found beforehand, so that the others
-- load.
SELECT x._legacy_id, x._new_id, x._legacy_user_id, x._account_id, x._wave, c._reason,
       {values}
FROM ({rows}) AS x
CROSS JOIN LATERAL (
    SELECT CASE WHEN x._reason IS NULL OR x._reason NOT IN ('loaded', 'owner_changed', {quarantined})
                THEN CASE WHEN {conflicts} THEN 'target_conflict' ELSE x._reason END
                ELSE x._reason END AS _reason
    OFFSET 0) AS c
