"""May this load? The rules of tables, users and target. It owns no table of schema `etl`."""
