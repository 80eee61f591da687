-- What the legacy app said of when the row was made, as a hash of its text: a row of the same id that says otherwise is
-- another one.
ALTER TABLE etl.loaded ADD COLUMN IF NOT EXISTS created bigint
