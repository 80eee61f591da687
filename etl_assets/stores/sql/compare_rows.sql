-- Ledger rows against production. A row that still carries the loading transaction's id and differs is our fault;
-- one that another transaction wrote since, or removed, is its user's business and is listed.
SELECT count(*),
       count(*) FILTER (WHERE c.is_equal),
       count(*) FILTER (WHERE c.is_altered),
       count(*) FILTER (WHERE c.is_changed),
       count(*) FILTER (WHERE c.is_gone),
       count(*) FILTER (WHERE c.differs_in_legacy),
       (array_agg(c.legacy_id) FILTER (WHERE c.is_altered))[1:6],
       (array_agg(c.legacy_id) FILTER (WHERE c.is_changed))[1:6],
       (array_agg(c.legacy_id) FILTER (WHERE c.is_gone))[1:6]
FROM (
    SELECT l.legacy_id,
           t.{id} IS NULL AS is_gone,
           t.{id} IS NOT NULL AND {found} = l.digest AS is_equal,
           t.{id} IS NOT NULL AND {found} <> l.digest AND t.xmin = l.xid AS is_altered,
           t.{id} IS NOT NULL AND {found} <> l.digest AND t.xmin <> l.xid AS is_changed,
           k._legacy_id IS NOT NULL AND {staged} <> l.digest AS differs_in_legacy
    FROM etl.loaded AS l
    LEFT JOIN ({links}) AS k ON k._legacy_id = l.legacy_id
    LEFT JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
    WHERE l."table" = {table} {of_wave}) AS c
