-- Users with a row that its links or the target's constraints refuse.
SELECT k._legacy_user_id
FROM ({links}) AS k
WHERE k._state = 'quarantined' AND k._legacy_user_id IS NOT NULL {of_users}
