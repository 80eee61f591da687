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
-- The files that rows name: one line per row and column, of which path, for which account, and what became of it
-- (`stored`, `absent` where the spec lets the row through without it, or a reason for which it is quarantined). `value` is
-- what the row gets, `etag` the store's mark of the object as it was written, `wave` the wave that copied it.
CREATE TABLE etl.files (
    "table" text NOT NULL,
    "column" text NOT NULL,
    legacy_id text NOT NULL,
    legacy_user_id text NOT NULL,
    account uuid NOT NULL,
    wave text NOT NULL,
    entry text NOT NULL,
    named text NOT NULL,
    state text NOT NULL,
    source text,
    size bigint,
    sha256 text,
    key text,
    etag text,
    value text,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY ("table", legacy_id, "column"));
CREATE INDEX files_user ON etl.files (legacy_user_id);
CREATE INDEX files_missing ON etl.files ("table", legacy_user_id) WHERE state = 'file_missing';
CREATE TRIGGER voids_the_books AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON etl.files
FOR EACH STATEMENT EXECUTE FUNCTION etl.void_books();
ALTER TABLE etl.files ENABLE ROW LEVEL SECURITY;
