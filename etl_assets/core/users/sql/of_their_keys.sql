-- Only addresses of the users in question.
AND email_key IN (SELECT w.email_key FROM etl.legacy_user_map AS w WHERE w.legacy_user_id = ANY (%(users)s))
