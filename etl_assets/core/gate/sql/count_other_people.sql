-- Claimed users whose legacy id may be somebody else's by now.
SELECT count(*), (array_agg(m.legacy_user_id ORDER BY m.legacy_user_id))[1:6]
FROM etl.legacy_user_map AS m WHERE m.is_another
