-- Somebody whose balances the profile does not take.
INSERT INTO etl.refused AS r ("table", legacy_id, legacy_user_id, rule, sqlstate, row_digest, facts, run)
SELECT 'users', %(user)s, %(user)s, %(rule)s, %(sqlstate)s, etl.balances_digest(%(user)s), {facts}, %(run)s
ON CONFLICT ("table", legacy_id) DO UPDATE SET
    rule = EXCLUDED.rule, sqlstate = EXCLUDED.sqlstate, row_digest = EXCLUDED.row_digest, facts = EXCLUDED.facts,
    run = EXCLUDED.run, at = clock_timestamp()
