-- Every row that its links or the target's constraints keep back, for people.
SELECT {table}, p.legacy_id, p."column", NULL::text, p.value,
       p.reason || coalesce(': ' || p.rule, '')
FROM ({places}) AS p ORDER BY p.legacy_id
