-- Legacy users per state, as they were last labelled.
SELECT m.state, count(*) FROM etl.legacy_user_map AS m GROUP BY m.state
