-- The rows of one legacy user, staged or quarantined.
SELECT DISTINCT o.legacy_id FROM ({owners}) AS o WHERE o.legacy_user_id = %(user)s
