-- What a reason makes of a row; `ready` rows could be loaded now.
CASE WHEN {reason} IS NULL THEN 'ready'
     WHEN {reason} IN ('loaded', 'owner_changed') THEN 'loaded'
     WHEN {reason} IN ({quarantined}) THEN 'quarantined'
     WHEN {reason} IN ({excluded}) THEN 'excluded'
     ELSE 'waiting' END
