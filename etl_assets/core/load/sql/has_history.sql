-- Was anything of this user loaded, applied to a balance, or given to a profile?
SELECT EXISTS (SELECT FROM etl.loaded AS l WHERE l.legacy_user_id = %(user)s)
       OR EXISTS (SELECT FROM etl.balances AS b WHERE b.legacy_user_id = %(user)s)
       OR EXISTS (SELECT FROM etl.profile_values AS r WHERE r.legacy_user_id = %(user)s)
