-- Rows whose owner has no account yet (guide, step 5: unmapped jobs and transactions).
SELECT k._legacy_id AS legacy_id FROM ({links}) AS k WHERE k._account_id IS NULL AND k._reason = 'account_waiting'
