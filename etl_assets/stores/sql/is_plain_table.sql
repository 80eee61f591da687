-- True for tables and partitioned tables; a view has no row that could be read back by its transaction.
SELECT relkind IN ('r', 'p') FROM pg_class WHERE oid = %(table)s::regclass
