-- Users whose balance the legacy app has changed since it was applied: what was applied, what it is now, the difference.
SELECT u.legacy_user_id, u.applied::text, u.legacy::text, (u.legacy - u.applied)::text,
       CASE WHEN u.is_gone THEN 'balance_vanished_in_legacy'
            WHEN u.legacy IS NULL AND EXISTS (
                SELECT FROM etl.quarantine AS q
                WHERE q."table" = 'users' AND q.legacy_id = u.legacy_user_id AND q."column" = {source}::text)
                THEN 'new_balance_refused'
            ELSE 'balance_changed_in_legacy' END
FROM ({users}) AS u WHERE u.is_changed ORDER BY u.legacy_user_id
