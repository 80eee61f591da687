-- Where one user's refused rows are at fault.
SELECT p.reason, coalesce(p."column" || coalesce(' ' || p.value, ''), 'constraint ' || p.rule), min(p.legacy_id)
FROM ({places}) AS p
WHERE p.legacy_id IN (SELECT o.legacy_id FROM ({owners}) AS o WHERE o.legacy_user_id = ANY (%(users)s))
GROUP BY 1, 2 ORDER BY 1, 3, 2
