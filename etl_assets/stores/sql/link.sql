-- A table's rows with their state; `ready` rows could be loaded now.
SELECT y.*,
       CASE WHEN y._reason IS NULL THEN 'ready'
            WHEN y._reason IN ('loaded', 'owner_changed') THEN 'loaded'
            WHEN y._reason IN ({quarantined}) THEN 'quarantined'
            WHEN y._reason IN ({excluded}) THEN 'excluded'
            ELSE 'waiting' END AS _state
FROM ({rows}) AS y
