-- name: make_reader :exec
-- How a type writes the value that it reads from a text; NULL where it refuses one, by whatever error. Before PostgreSQL
-- 16 only an error tells (https://www.postgresql.org/docs/current/functions-info.html, pg_input_is_valid), and that does
-- not hold for the types of every extension. By the output function: a cast of 10.0.0.1 to text says 10.0.0.1/32.
CREATE FUNCTION pg_temp.etl_read(value text, kind text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    spelled text;
BEGIN
    EXECUTE format('SELECT format(''%%%%s'', CAST($1 AS %%s))', kind) INTO spelled USING value;
    RETURN spelled;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END$$

-- name: read_texts :many (texts, type)
-- The texts as this type, in their order. Its name is the catalog's own spelling.
SELECT pg_temp.etl_read(t.value, %(type)s)
FROM unnest(%(texts)s::text[]) WITH ORDINALITY AS t (value, n) ORDER BY t.n
