"""Pure values: ids, outcomes, errors. Knows no file, no database and no Dagster."""
