"""What would happen: `check` and the dry run, rolled back. It owns no table of schema `etl`."""
