-- A legacy id in the ledger: is this the row that was loaded? SQLite gives a deleted row's id to the next one. A row that
-- was made at another moment is another one. One of another owner, or of an owner who may be another person, is the same
-- where it says all that was loaded; otherwise nobody can tell.
WHEN l.legacy_id IS NOT NULL AND {is_made_anew} THEN 'id_given_to_another_row'
WHEN l.legacy_id IS NOT NULL AND {owner} IS NOT NULL AND ({moved} OR {is_another})
     AND {content} IS DISTINCT FROM l.digest THEN 'id_given_to_another_row'
WHEN l.legacy_id IS NOT NULL AND {moved} THEN 'owner_changed'
