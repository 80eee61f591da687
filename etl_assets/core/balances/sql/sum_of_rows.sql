-- What a user's loaded rows add up to in production.
SELECT coalesce(sum(t.{amount}::numeric), 0)
FROM etl.loaded AS l
JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
WHERE l."table" = {table} AND l.legacy_user_id = m.legacy_user_id
