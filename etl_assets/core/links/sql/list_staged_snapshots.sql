-- Each staged table with its snapshot.
SELECT d."table", d.snapshot FROM etl.staged AS d
