-- Snapshots beyond the first among the staging tables.
SELECT greatest(count(DISTINCT d.snapshot) - 1, 0), ARRAY[]::text[] FROM etl.staged AS d WHERE d."table" IN ({tables})
