-- Each user's loaded transactions, in the legacy app and in production, which has the account's own later ones too.
SELECT l.legacy_user_id, coalesce(sum(s.{amount}::numeric), 0) AS legacy, {production} AS production
FROM etl.loaded AS l
LEFT JOIN {staging} AS s ON s._legacy_id = l.legacy_id
LEFT JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
LEFT JOIN etl.legacy_user_map AS m ON m.legacy_user_id = l.legacy_user_id
WHERE l."table" = {table} GROUP BY l.legacy_user_id, m.supabase_user_id
