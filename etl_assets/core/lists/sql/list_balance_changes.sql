-- Users whose balance the legacy app has changed since it was applied: what was applied, what it is now, the difference.
SELECT u.legacy_user_id, u.applied::text, u.legacy::text, (u.legacy - u.applied)::text, u.change
FROM ({users}) AS u WHERE u.is_changed ORDER BY u.legacy_user_id
