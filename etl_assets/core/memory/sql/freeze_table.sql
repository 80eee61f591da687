-- What a table without a key holds when its rows are first loaded; VACUUM may give every row another rowid afterwards.
INSERT INTO etl.meta (key, value)
SELECT 'frozen ' || d."table", d.content FROM etl.staged AS d WHERE d."table" = %(table)s
ON CONFLICT (key) DO NOTHING
