-- Whom a line of the claims file was about when it was first read: it speaks for that person, and for none to whom the
-- legacy id is given later.
ALTER TABLE etl.claims
    ADD COLUMN IF NOT EXISTS seen_email text,
    ADD COLUMN IF NOT EXISTS seen_created_value text
