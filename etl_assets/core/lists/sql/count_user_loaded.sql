-- How many of one user's rows were loaded and are there, and how many are gone.
SELECT count(t.{id}), count(*) - count(t.{id})
FROM etl.loaded AS l
LEFT JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
WHERE l."table" = {table} AND l.legacy_user_id = ANY (%(users)s)
