-- Was anything of this user loaded, or applied to a balance?
SELECT EXISTS (SELECT FROM etl.loaded AS l WHERE l.legacy_user_id = %(user)s)
       OR EXISTS (SELECT FROM etl.balances AS b WHERE b.legacy_user_id = %(user)s)
