-- Legacy users who claimed, or have now, an address; or whose id it is.
SELECT m.legacy_user_id FROM etl.legacy_user_map AS m
WHERE m.email_key = %(key)s OR m.seen_email_key = %(key)s OR m.email = %(asked)s OR m.legacy_user_id = %(asked)s
ORDER BY m.legacy_user_id
