"""Pages and pictures for people, made of facts alone: no Dagster, no driver, no files but its own template."""
