"""A spec from a legacy database and a target. It owns no table of schema `etl`."""
