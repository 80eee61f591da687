-- The writer's turn: fails with 40001 when another writer committed after this transaction's view was taken.
UPDATE etl.writer SET epoch = epoch + 1, run = %(run)s, at = clock_timestamp()
