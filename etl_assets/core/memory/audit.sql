-- name: write_audit :exec (action, detail, run)
-- One line of the audit trail, in the transaction that it tells of.
INSERT INTO etl.audit_log (run, action, detail) VALUES (%(run)s, %(action)s, %(detail)s::jsonb)
