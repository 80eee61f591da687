"""CSVs and answers for people. It owns no table of schema `etl`."""
