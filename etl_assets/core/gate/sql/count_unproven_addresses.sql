-- E-mail accounts that were confirmed as they were made, where no e-mail account was confirmed later: nobody had to open
-- a mail, so the address proves nothing. Accounts of another provider are confirmed by it, and do not count. The sample
-- is left out: it would name accounts.
SELECT CASE WHEN {trusting} OR EXISTS (SELECT FROM ({accounts}) AS a WHERE NOT a.is_at_once) THEN 0
            ELSE (SELECT count(*) FROM ({accounts}) AS a) END,
       NULL::text[]
