-- What a table was staged from, where it can be brought up to date: for this spec and target, and without corrections.
SELECT d.snapshot, d.content, d.staged_rows
FROM etl.staged AS d
WHERE d."table" = %(table)s AND d.spec_digest = %(spec_digest)s AND d.target_digest = %(target_digest)s
  AND d.content <> ''
  AND NOT EXISTS (SELECT FROM etl.corrections AS c WHERE c."table" = d."table")
  AND to_regclass(%(staging)s) IS NOT NULL
