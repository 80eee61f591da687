-- A digest of the staging table as it stands, in no order: a sum of one hash per row.
SELECT coalesce(sum(hashtextextended(s::text, 0::bigint)), 0)::text FROM {staging} AS s
