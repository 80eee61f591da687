-- The state of this moment, for whoever reads the map; written only where it differs.
UPDATE etl.legacy_user_map AS m
SET state = v.state, reason = v.reason,
    since = CASE WHEN m.state IS DISTINCT FROM v.state THEN clock_timestamp() ELSE m.since END
FROM (
    SELECT legacy_user_id,
           CASE state WHEN 'claimable' THEN 'waiting' ELSE state END AS state,
           CASE state WHEN 'claimable' THEN 'claimable: the next wave takes this user' ELSE reason END AS reason
    FROM ({states}) AS s) AS v
WHERE v.legacy_user_id = m.legacy_user_id AND (m.state, m.reason) IS DISTINCT FROM (v.state, v.reason)
