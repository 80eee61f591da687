-- All legacy users ever seen.
SELECT count(*) FROM etl.legacy_user_map
