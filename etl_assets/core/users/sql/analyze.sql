-- A fresh table has no statistics, and the next joins depend on them.
ANALYZE {table}
