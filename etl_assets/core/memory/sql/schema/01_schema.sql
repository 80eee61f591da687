-- Private by name and by grant: nobody but its owner gets in, and Supabase's Data API does not expose it. A role that owns
-- the schema already need not be allowed to make one, for which IF NOT EXISTS would ask.
DO $$BEGIN IF to_regnamespace('etl') IS NULL THEN CREATE SCHEMA etl; END IF; END$$
