-- What an undo is about: rows to remove, and rows whose former values come back.
CREATE TEMP TABLE etl_undo ("table" text, legacy_id text, new_id text, how text, PRIMARY KEY ("table", legacy_id))
ON COMMIT DROP
