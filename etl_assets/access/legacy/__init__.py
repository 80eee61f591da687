"""Reads the legacy SQLite database, and makes copies of it. Owns no table of schema `etl`."""
