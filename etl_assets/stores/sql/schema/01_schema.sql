-- Private by name and by grant: nobody but its owner gets in, and Supabase's Data API does not expose it.
CREATE SCHEMA IF NOT EXISTS etl
