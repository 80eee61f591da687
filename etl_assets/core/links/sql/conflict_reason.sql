-- A row's reason, or that the target refuses it.
CASE WHEN x._reason IS NULL OR x._reason NOT IN ('loaded', 'owner_changed', {quarantined})
     THEN CASE WHEN {conflicts} THEN 'target_conflict' ELSE x._reason END
     ELSE x._reason END
