"""What an alert is about and only the target can tell. Owns no table of schema `etl`."""
