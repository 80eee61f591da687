"""What is migrated: the spec file's grammar and its loader."""
