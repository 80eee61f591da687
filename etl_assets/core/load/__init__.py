"""From staging to production, once.

Owns `etl.loaded`, `etl.former`, `etl.refused`.
"""
