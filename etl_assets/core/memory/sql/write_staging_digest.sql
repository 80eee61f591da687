-- Keeps the digest of what was staged.
UPDATE etl.staged AS d SET digest = %(digest)s WHERE d."table" = %(table)s
