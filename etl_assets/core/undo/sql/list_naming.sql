-- Rows of ours that stay, of other users, and name an account whose claim is taken back: as a reviewer, say.
SELECT l.legacy_id
FROM etl.loaded AS l
JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
JOIN etl.legacy_user_map AS m ON m.supabase_user_id = t.{column} AND m.legacy_user_id = ANY (%(users)s)
WHERE l."table" = {table}
  AND NOT EXISTS (SELECT FROM pg_temp.etl_undo AS u
                  WHERE u."table" = l."table" AND u.legacy_id = l.legacy_id AND u.how = 'remove')
ORDER BY l.legacy_id
