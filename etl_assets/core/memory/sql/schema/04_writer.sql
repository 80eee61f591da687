-- One row: the writers' epoch (see access/postgres/connection.py).
CREATE TABLE IF NOT EXISTS etl.writer (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    epoch bigint NOT NULL DEFAULT 0,
    run text,
    at timestamptz)
