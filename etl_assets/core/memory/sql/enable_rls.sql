-- A second fence beside the schema's grants: row level security without a policy shows nothing.
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY
