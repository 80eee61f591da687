-- Rows in question that production has, and those that their users removed: these stay in the ledger, as a promise that
-- they never come back.
SELECT count(t.{id}), count(*) - count(t.{id})
FROM pg_temp.etl_undo AS u
LEFT JOIN {target} AS t ON t.{id} = u.new_id::{id_type}
WHERE u."table" = {table} AND u.how = %(how)s
