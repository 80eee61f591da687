-- The sha256 of the export that the staging table was made from.
ALTER TABLE etl.staged ADD COLUMN IF NOT EXISTS content text NOT NULL DEFAULT ''
