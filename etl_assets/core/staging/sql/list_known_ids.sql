-- Every legacy id that this table's former staging knew.
CREATE TEMP TABLE {known} ON COMMIT DROP AS
SELECT _legacy_id AS legacy_id FROM {staging}
UNION SELECT legacy_id FROM etl.quarantine WHERE "table" = %(table)s AND legacy_id NOT LIKE 'rowid:%%'
UNION SELECT legacy_id FROM etl.excluded WHERE "table" = %(table)s AND legacy_id NOT LIKE 'rowid:%%'
