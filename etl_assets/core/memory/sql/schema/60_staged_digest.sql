-- What staging was when it was written: an order-free digest of its rows. NULL where nobody has taken one yet.
ALTER TABLE etl.staged ADD COLUMN IF NOT EXISTS digest text
