-- One user's staged rows by state and reason, with the sums of the money columns and a few legacy ids. By the owners
-- and not by the links' own: the children of a row whose value was refused have no linked owner.
SELECT k._state, k._reason, count(*), {sums}, (array_agg(k._legacy_id ORDER BY k._legacy_id))[1:6]
FROM ({links}) AS k
WHERE k._legacy_id IN (SELECT o.legacy_id FROM ({owners}) AS o WHERE o.legacy_user_id = ANY (%(users)s))
GROUP BY k._state, k._reason ORDER BY 1, 2
