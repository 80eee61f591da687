-- A money column's sums over rows, before and after, and the first row in which they differ; NULL counts as nothing.
coalesce(sum(k.{column}::numeric), 0) AS {before}, coalesce(sum(t.{column}::numeric), 0) AS {after},
min(l.legacy_id) FILTER (WHERE k.{column}::numeric IS DISTINCT FROM t.{column}::numeric) AS {first}
