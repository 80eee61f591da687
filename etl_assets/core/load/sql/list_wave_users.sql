-- A wave's users.
SELECT legacy_user_id FROM etl.legacy_user_map WHERE wave = %(wave)s ORDER BY legacy_user_id
