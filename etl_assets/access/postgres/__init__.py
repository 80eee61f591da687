"""Speaks to Postgres: sessions of one dialect, turns, statements, the catalog.

Owns `etl.writer` and `etl.lanes`.
"""
