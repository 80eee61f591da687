-- The first reason that holds, in the order quarantined, excluded, waiting; the ledger outranks them all. A loaded
-- row that names another owner now is not that owner's: SQLite gives a deleted row's id to the next one.
CASE WHEN l.legacy_id IS NOT NULL AND l.legacy_user_id IS DISTINCT FROM {owner} THEN 'owner_changed'
     {known}
     {reasons}
     END
