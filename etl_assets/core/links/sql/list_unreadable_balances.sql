-- Users with a balance that could not be read.
SELECT q.legacy_user_id FROM etl.quarantine AS q WHERE q."table" = 'users' {of_users}
