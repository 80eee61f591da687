-- The books as they stood when the staging tables were dropped: nothing can be counted anew without them.
CREATE TABLE IF NOT EXISTS etl.final_books (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    run text NOT NULL,
    books jsonb NOT NULL)
