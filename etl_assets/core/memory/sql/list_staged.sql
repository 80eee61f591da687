-- Tables that were staged.
SELECT "table" FROM etl.staged
