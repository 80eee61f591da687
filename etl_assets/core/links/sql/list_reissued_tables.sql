-- Tables with a legacy id that stands for its second row.
SELECT DISTINCT i."table" FROM etl.reissued AS i
