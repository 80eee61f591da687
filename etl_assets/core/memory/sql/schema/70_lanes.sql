-- An epoch for each lane of a turn (see access/postgres/lanes.py).
CREATE TABLE IF NOT EXISTS etl.lanes (
    lane integer PRIMARY KEY,
    epoch bigint NOT NULL DEFAULT 0)
