"""From an export to `etl.stg_*`.

Owns the staging tables, `etl.quarantine`, `etl.excluded`, `etl.corrections`.
"""
