-- The same before the first staging, or after a cleanup.
CREATE TEMP TABLE {known} ON COMMIT DROP AS
SELECT legacy_id FROM etl.quarantine WHERE "table" = %(table)s AND legacy_id NOT LIKE 'rowid:%%'
UNION SELECT legacy_id FROM etl.excluded WHERE "table" = %(table)s AND legacy_id NOT LIKE 'rowid:%%'
