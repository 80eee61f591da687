-- Rows that can be written now, in the order of their keys, numbers by value.
SELECT k._legacy_id FROM ({links}) AS k WHERE k._reason IS NULL {of_users}
ORDER BY length(k._legacy_id), k._legacy_id
