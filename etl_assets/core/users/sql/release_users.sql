-- An operator lets undone users move again: those of one wave, or one by name.
UPDATE etl.legacy_user_map AS m SET held = NULL, held_wave = NULL
WHERE m.held = 'undone' AND (m.held_wave = %(wave)s OR m.legacy_user_id = %(user)s)
RETURNING m.legacy_user_id
