-- E-mail accounts that were confirmed as they were made, whatever the others did.
SELECT CASE WHEN {trusting} THEN 0 ELSE (SELECT count(*) FROM ({accounts}) AS a WHERE a.is_at_once) END, NULL::text[]
