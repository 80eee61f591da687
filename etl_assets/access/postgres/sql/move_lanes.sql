-- The turn of a writer without lanes: fails with 40001 when a lane committed after this transaction's view was taken.
UPDATE etl.lanes SET epoch = epoch + 1
