-- A staged table has fewer rows than it was staged with; `source` is less by one for a forgotten user alone.
UPDATE etl.staged SET source_rows = source_rows - %(source)s, staged_rows = staged_rows - %(staged)s
WHERE "table" = %(table)s
