-- Staged rows with the target columns' values and the reason why they cannot be loaded now.
SELECT s._legacy_id, {new_id} AS _new_id, {created} AS _created, {owner} AS _legacy_user_id, {account} AS _account_id, {wave} AS _wave,
       {reason} AS _reason,
       {values}
FROM {staging} AS s
LEFT JOIN etl.loaded AS l ON l."table" = {table} AND l.legacy_id = s._legacy_id
{joins}
{fence}
