"""Writes files whole or not at all, for us alone. Owns no table of schema `etl`."""
