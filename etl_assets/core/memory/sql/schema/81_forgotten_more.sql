-- See 80_forgotten_people.
ALTER TABLE etl.forgotten DROP CONSTRAINT IF EXISTS forgotten_pkey
