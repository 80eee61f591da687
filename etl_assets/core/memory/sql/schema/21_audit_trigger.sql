-- See 20_audit_guard.
CREATE OR REPLACE TRIGGER audit_log_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON etl.audit_log
FOR EACH STATEMENT EXECUTE FUNCTION etl.refuse_change()
