-- A lane's own epoch, which every writer without lanes moves too.
UPDATE etl.lanes SET epoch = epoch + 1 WHERE lane = %(lane)s
