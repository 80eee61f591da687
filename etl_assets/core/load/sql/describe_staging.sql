-- What the staging tables of the spec are made from: which are there, of how many snapshots, and a mark that every
-- staging changes.
SELECT coalesce(array_agg(d."table"), ARRAY[]::text[]),
       count(DISTINCT d.snapshot),
       coalesce(md5(string_agg(d."table" || ' ' || d.snapshot || ' ' || d.spec_digest || ' ' || d.staged_at,
                               ',' ORDER BY d."table")), '')
FROM etl.staged AS d WHERE d."table" IN ({tables})
