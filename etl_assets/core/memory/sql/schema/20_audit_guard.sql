-- Even the owner meets this before changing the log.
CREATE OR REPLACE FUNCTION etl.refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN RAISE EXCEPTION 'etl.audit_log is append-only'; END$$
