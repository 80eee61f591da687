-- The table's own number, and that of the file that holds it; a partitioned one has none.
SELECT c.oid || '/' || coalesce(pg_relation_filenode(c.oid), 0) FROM pg_class AS c WHERE c.oid = %(table)s::regclass
