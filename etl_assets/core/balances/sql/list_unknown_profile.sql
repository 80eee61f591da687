-- Attributes that would have to be given back, and that the spec does not name any more.
SELECT DISTINCT r.attribute FROM etl.profile_values AS r
WHERE (r.wave = %(wave)s OR r.legacy_user_id = ANY (%(users)s)) AND NOT r.attribute = ANY (%(known)s)
ORDER BY 1
