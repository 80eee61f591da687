-- What waves, verification and the report need to know without a file of the machine that staged.
ALTER TABLE etl.staged ADD COLUMN key_columns text[], ADD COLUMN copied text;
CREATE TABLE etl.last_found (
    what text PRIMARY KEY,
    found jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp());
ALTER TABLE etl.last_found ENABLE ROW LEVEL SECURITY;
