-- Their rows, from staging or from the quarantine.
DELETE FROM {store} AS s USING pg_temp.etl_gone AS g WHERE s.{key} = g.legacy_id {of_table}
