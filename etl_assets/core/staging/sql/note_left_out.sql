-- Rows that were left out on purpose may be gone altogether by now.
WITH left_out AS (
    DELETE FROM etl.excluded AS e WHERE e."table" = %(table)s AND e.reason <> 'vanished' RETURNING e.legacy_id)
INSERT INTO pg_temp.etl_gone SELECT legacy_id FROM left_out ON CONFLICT DO NOTHING
