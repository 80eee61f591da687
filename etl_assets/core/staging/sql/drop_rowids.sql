-- Rows without a usable key are told apart by their place, which says nothing of another snapshot.
DELETE FROM pg_temp.etl_gone WHERE legacy_id LIKE 'rowid:%%'
