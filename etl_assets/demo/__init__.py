"""A believable legacy database and a Supabase-like target, for a first run without either."""
