"""Jobs, sensors and the definitions: what Dagster runs, and when."""
