-- Which staging a finished wave saw: late rows are looked for only after another one.
ALTER TABLE etl.waves ADD COLUMN IF NOT EXISTS staging text
