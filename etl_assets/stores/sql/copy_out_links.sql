-- Every row that its links or the target's constraints keep back, for people.
SELECT {table}, k._legacy_id, NULL::text, NULL::text, NULL::text, k._reason
FROM ({links}) AS k WHERE k._state = 'quarantined' ORDER BY k._legacy_id
