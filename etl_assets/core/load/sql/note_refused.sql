-- A row that the target refused.
INSERT INTO etl.refused AS r ("table", legacy_id, legacy_user_id, rule, sqlstate, row_digest, facts, run)
SELECT {table}, s._legacy_id, s._legacy_user_id, %(rule)s, %(sqlstate)s, md5(s::text)::uuid, {facts}, %(run)s
FROM {staging} AS s WHERE s._legacy_id = %(key)s
ON CONFLICT ("table", legacy_id) DO UPDATE SET
    rule = EXCLUDED.rule, sqlstate = EXCLUDED.sqlstate, row_digest = EXCLUDED.row_digest, facts = EXCLUDED.facts,
    run = EXCLUDED.run, at = clock_timestamp()
