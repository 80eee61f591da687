-- Somebody has the legacy id of a person who was forgotten: whether that is another person, an operator has to say.
UPDATE etl.legacy_user_map AS m SET held = %(held)s
WHERE m.legacy_user_id = ANY (%(users)s) AND m.supabase_user_id IS NULL AND m.held IS NULL
