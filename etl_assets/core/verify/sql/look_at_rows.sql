-- Rows of one table: all that this session sees, those of one account, and the sums over these.
SELECT count(*), count(*) FILTER (WHERE {own}), jsonb_build_object({sums})
FROM {target} AS t
WHERE {within}
