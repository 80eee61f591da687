-- Rows with a timestamp after now.
SELECT count(*), (array_agg(s._legacy_id ORDER BY s._legacy_id))[1:6] FROM {staging} AS s WHERE {late}
