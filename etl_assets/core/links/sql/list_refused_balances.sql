-- Users whose balances the profile does not take as they are.
SELECT r.legacy_user_id FROM etl.refused AS r
WHERE r."table" = 'users' AND r.facts = {facts} AND r.row_digest = etl.balances_digest(r.legacy_user_id) {of_users}
