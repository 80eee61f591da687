-- Of these keys, those under which more than one row was staged.
SELECT s._legacy_id FROM {staging} AS s WHERE s._legacy_id = ANY (%(keys)s) GROUP BY s._legacy_id HAVING count(*) > 1
