-- What this staging table was made from.
INSERT INTO etl.staged ("table", snapshot, spec_digest, target_digest, source_rows, staged_rows, content)
VALUES (%(table)s, %(snapshot)s, %(spec_digest)s, %(target_digest)s, %(source_rows)s, %(staged_rows)s, %(content)s)
ON CONFLICT ("table") DO UPDATE SET
    snapshot = excluded.snapshot, spec_digest = excluded.spec_digest, target_digest = excluded.target_digest,
    source_rows = excluded.source_rows, staged_rows = excluded.staged_rows, content = excluded.content, digest = NULL,
    staged_at = clock_timestamp()
