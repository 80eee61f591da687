-- A table without a key is known by its whole content, which is without the forgotten rows now.
UPDATE etl.meta AS m SET value = %(content)s
FROM etl.staged AS d
WHERE d."table" = %(table)s AND d.snapshot = %(snapshot)s
  AND m.key = 'frozen ' || d."table" AND m.value = d.content AND m.value <> %(content)s
