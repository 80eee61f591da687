-- Which object on a shelf elsewhere is which artifact; empty where the artifact folder is one of a machine's own.
CREATE TABLE etl.shelf (
    name text PRIMARY KEY,
    key text NOT NULL,
    sha256 text NOT NULL,
    bytes bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE INDEX shelf_key ON etl.shelf (key);

-- Every object that was ever begun there and not yet removed, noted before it is sent.
CREATE TABLE etl.shelf_objects (
    key text PRIMARY KEY,
    name text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp());

ALTER TABLE etl.shelf ENABLE ROW LEVEL SECURITY;
ALTER TABLE etl.shelf_objects ENABLE ROW LEVEL SECURITY;
