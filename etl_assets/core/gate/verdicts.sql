-- name: list_verdicts :many (mark)
-- Rules that held for everybody's rows, as they are staged now.
SELECT v.rule, v."table" FROM etl.verdicts AS v WHERE v.mark = %(mark)s

-- name: write_verdicts :exec (mark, rules, tables)
-- Rules that have just been asked of everybody's rows, and held.
INSERT INTO etl.verdicts AS v (rule, "table", mark)
SELECT n.rule, n."table", %(mark)s FROM unnest(%(rules)s::text[], %(tables)s::text[]) AS n (rule, "table")
ON CONFLICT (rule, "table") DO UPDATE SET mark = EXCLUDED.mark, at = clock_timestamp()
