-- The legacy users by state and reason, as they were last labelled, with a few of their ids.
SELECT m.state, m.reason, count(*), (array_agg(m.legacy_user_id ORDER BY m.legacy_user_id))[1:6]
FROM etl.legacy_user_map AS m GROUP BY m.state, m.reason ORDER BY count(*) DESC, m.state, m.reason
