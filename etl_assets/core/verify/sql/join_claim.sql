-- The claim of the row's legacy user.
LEFT JOIN etl.legacy_user_map AS m ON m.legacy_user_id = l.legacy_user_id
