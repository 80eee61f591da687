-- Legacy users without an address, or with one that is never compared.
SELECT count(*), (array_agg(m.legacy_user_id ORDER BY m.legacy_user_id))[1:6]
FROM etl.legacy_user_map AS m WHERE m.email_key IS NULL
