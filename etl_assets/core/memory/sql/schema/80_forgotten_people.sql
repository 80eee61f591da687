-- The address and the sign-up of whoever was forgotten, as HMACs with the id: the next one to whom SQLite gives the id
-- is another person. So an id can stand here more than once.
ALTER TABLE etl.forgotten
    ADD COLUMN IF NOT EXISTS by_address bytea,
    ADD COLUMN IF NOT EXISTS by_created bytea
