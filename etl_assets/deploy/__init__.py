"""The deployment kit: files that `etl-assets deploy` prints into a folder, and what starts Dagster's services there."""
