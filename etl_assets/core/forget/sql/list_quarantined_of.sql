-- The quarantined rows that name one legacy user, also where nothing is staged.
SELECT DISTINCT q.legacy_id FROM etl.quarantine AS q WHERE q."table" = %(table)s AND q.legacy_user_id = %(user)s
