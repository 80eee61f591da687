-- Which of these are there, named as regclass reads them, and whether each is a table, partitioned or not; a view has no
-- row that could be read back by its transaction.
SELECT w.name, c.relkind IN ('r', 'p')
FROM unnest(%(tables)s::text[]) AS w (name)
JOIN pg_class AS c ON c.oid = to_regclass(w.name)
