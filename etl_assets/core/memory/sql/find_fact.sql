-- A fact of etl.meta.
SELECT m.value FROM etl.meta AS m WHERE m.key = %(key)s
